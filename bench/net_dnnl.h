/* net_dnnl: a network as oneDNN primitives: images in NHWC, weights in the layout that each primitive prefers, additions and
 * clipping as post-ops (not additions to resized images: those of oneDNN 2.6.3 come out wrong), memory shared by lifetime. */
#ifndef BENCH_NET_DNNL_H
#define BENCH_NET_DNNL_H

#include "net.h"

typedef struct net_dnnl net_dnnl;

/* inputs and outputs by the order of their values; NULL: told on stderr. Additions must be fused into the network. */
net_dnnl *net_dnnl_new(const net *, float *const *values);
void net_dnnl_free(net_dnnl *);
void net_dnnl_run(void *net_dnnl);
/* Seconds of one run's steps, added to by_kind (of net_kind). */
void net_dnnl_time(net_dnnl *, double *by_kind);

#endif
