#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/promtext.h"

static void test_families_and_samples(void **state)
{
    CLEANUP_BUF struct buf out = {0};
    struct promtext_label labels[] = {{"reason", "upgrade_required"}, {"plan", "a\"b\\c\nd\xff"}};
    promtext_family(&out, "sei_halts_total", PROMTEXT_COUNTER,
                    "Halts, \"by\" reason\nand \\ plan.");
    promtext_int(&out, "sei_halts_total", labels, 2, 3);
    promtext_int(&out, "sei_halts_total", NULL, 0, INT64_MIN);
    promtext_family(&out, "sei_up", PROMTEXT_GAUGE, "Up.");
    promtext_double(&out, "sei_up", labels, 1, 0.1);
    assert_string_equal(buf_cstr(&out),
                        "# HELP sei_halts_total Halts, \"by\" reason\\nand \\\\ plan.\n"
                        "# TYPE sei_halts_total counter\n"
                        "sei_halts_total{reason=\"upgrade_required\","
                        "plan=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 3\n"
                        "sei_halts_total -9223372036854775808\n"
                        "# HELP sei_up Up.\n"
                        "# TYPE sei_up gauge\n"
                        "sei_up{reason=\"upgrade_required\"} 0.1\n");
}

static void test_doubles_read_back(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0, "0"},
                {-1, "-1"},
                {0.3, "0.3"},
                {0.1 + 0.2, "0.30000000000000004"},
                {1e300, "1e+300"},
                {5e-324, "4.94065645841247e-324"},
                {9007199254740993.0, "9007199254740992"},
                {INFINITY, "+Inf"},
                {-INFINITY, "-Inf"},
                {NAN, "NaN"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP_BUF struct buf out = {0};
        promtext_double(&out, "x", NULL, 0, rows[i].value);
        const char *text = buf_cstr(&out) + 2;
        assert_int_equal(strncmp(text, rows[i].text, strlen(rows[i].text)), 0);
        assert_string_equal(text + strlen(rows[i].text), "\n");
        if (!isnan(rows[i].value))
            assert_true(strtod(text, NULL) == rows[i].value);
    }
}

static void test_histogram_is_cumulative(void **state)
{
    static const double bounds[] = {0.005, 1};
    static const uint64_t counts[] = {2, 0, 5};
    struct promtext_histogram h = {bounds, counts, 2, 12.5};
    struct promtext_label label = {"op", "x"};
    CLEANUP_BUF struct buf out = {0};
    promtext_histogram(&out, "t", &label, 1, &h);
    promtext_histogram(&out, "u", NULL, 0, &h);
    assert_string_equal(buf_cstr(&out), "t_bucket{op=\"x\",le=\"0.005\"} 2\n"
                                        "t_bucket{op=\"x\",le=\"1\"} 2\n"
                                        "t_bucket{op=\"x\",le=\"+Inf\"} 7\n"
                                        "t_sum{op=\"x\"} 12.5\n"
                                        "t_count{op=\"x\"} 7\n"
                                        "u_bucket{le=\"0.005\"} 2\n"
                                        "u_bucket{le=\"1\"} 2\n"
                                        "u_bucket{le=\"+Inf\"} 7\n"
                                        "u_sum 12.5\n"
                                        "u_count 7\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_families_and_samples),
        cmocka_unit_test(test_doubles_read_back),
        cmocka_unit_test(test_histogram_is_cumulative),
    };
    return cmocka_run_group_tests_name("promtext", tests, NULL, NULL);
}
