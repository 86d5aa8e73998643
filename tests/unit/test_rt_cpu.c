/* CPU features as text and as this machine has them, the texts of status values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/cpu.h"

static void test_parse(void **state)
{
    (void)state;
    uint64_t features;
    rt_error error;
    assert_true(rt_features_parse("", &features, &error));
    assert_int_equal(features, 0);
    assert_true(rt_features_parse("fma,avx2", &features, &error));
    assert_int_equal(features, UINT64_C(1) << RT_CPU_fma | UINT64_C(1) << RT_CPU_avx2);
    static const char *const wrong[] = { "avx3", "avx2,", ",avx2", "avx2,,fma", "avx2 ,fma", "AVX2", "avx5", "," };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(rt_features_parse(wrong[i], &features, &error));
    assert_false(rt_features_parse("fma,avx3", &features, &error));
    assert_non_null(strstr(error.text, "\"avx3\""));
}

static void test_print(void **state)
{
    (void)state;
    char text[1024], small[8];
    uint64_t again;
    for (int i = 0; i < RT_CPU_COUNT; i++) {
        rt_features_print(UINT64_C(1) << i, text, sizeof text);
        assert_string_equal(text, rt_feature_of((rt_feature)i)->name);
    }
    const uint64_t all = (UINT64_C(1) << RT_CPU_COUNT) - 1;
    rt_features_print(all, text, sizeof text);
    assert_true(rt_features_parse(text, &again, NULL));
    assert_int_equal(again, all);
    memset(small, 'x', sizeof small);
    rt_features_print(all, small, sizeof small);
    assert_true(strlen(small) < sizeof small);
    assert_true(rt_features_parse(small, &again, NULL));
    rt_features_print(0, text, sizeof text);
    assert_string_equal(text, "");
    assert_null(rt_feature_of(RT_CPU_COUNT));
}

/* The kernel's own list, of the features that both name alike. */
static void test_against_kernel(void **state)
{
    (void)state;
    FILE *file = fopen("/proc/cpuinfo", "r");
    static char line[1 << 14];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, "flags", 5) == 0;
    if (file)
        fclose(file);
    if (!found) {
        print_message("no flags in /proc/cpuinfo: skipped\n");
        skip();
    }
    static const rt_feature same[] = { RT_CPU_ssse3, RT_CPU_fma, RT_CPU_avx, RT_CPU_f16c, RT_CPU_avx2, RT_CPU_bmi2,
                                       RT_CPU_avx512f, RT_CPU_avx512bw, RT_CPU_avx512vl, RT_CPU_amx_tile };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char word[64];
        snprintf(word, sizeof word, " %s", rt_feature_of(same[i])->name);
        const char *at = strstr(line, word);
        while (at && at[strlen(word)] != ' ' && at[strlen(word)] != '\n')
            at = strstr(at + 1, word);
        if (rt_cpu_features() >> same[i] & 1)
            assert_non_null(at);
        else
            assert_null(at);
    }
}

static void test_machine(void **state)
{
    (void)state;
    const rt_caches caches = rt_cpu_caches();
    assert_true(caches.cores >= 1);
    assert_true(caches.l1d >= 0 && caches.l2 >= 0 && caches.l3 >= 0);
    assert_true(caches.l1d == 0 || caches.l2 == 0 || caches.l1d <= caches.l2);
    assert_non_null(rt_cpu_brand());
}

static void test_status(void **state)
{
    (void)state;
    for (int i = SPC_OK; i <= SPC_E_INTERNAL; i++) {
        assert_true(strlen(spc_status_text((spc_status)i)) > 3);
        for (int other = SPC_OK; other < i; other++)
            assert_string_not_equal(spc_status_text((spc_status)i), spc_status_text((spc_status)other));
    }
    assert_string_equal(spc_status_text((spc_status)(SPC_E_INTERNAL + 1)), "unknown status");
    assert_string_equal(spc_status_text((spc_status)-1), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),   cmocka_unit_test(test_print),  cmocka_unit_test(test_against_kernel),
        cmocka_unit_test(test_machine), cmocka_unit_test(test_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
