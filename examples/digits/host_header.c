/* host_header: runs the digits networks through kernels.h: plain C functions of a library that spc made. Links nothing
 * of spc.
 *
 *     host_header FOLDER      with images.npy, labels.npy and accuracy.txt */
#include "digits.h"
#include "kernels.h"
#include <stdio.h>

typedef int network(int64_t batch, const float *x, float *y, const spc_exec *exec);

static network *const networks[DIGITS_NETS] = {dense_net, unstructured_net, nm_net, block_net};

static int run(void *ctx, int net, const digits_set *set)
{
    (void)ctx;
    const int status = networks[net](set->count, set->images, set->results, NULL);
    if (status)
        fprintf(stderr, "%s_net: status %d\n", digits_names[net], status);
    return status;
}

int main(int argc, char **argv)
{
    digits_set set;
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int failed = digits_load(argv[1], &set);
    if (!failed)
        failed = digits_report(argv[1], &set, run, NULL);
    digits_free(&set);
    return failed;
}
