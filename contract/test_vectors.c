// Walks the checked-in conformance vectors. Arguments: the vectors folder.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <seihalt.h>

static const char *folder;

static json_t *load(const char *name)
{
    char path[4096];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s.json", folder, name);
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!file)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    assert_true(json_array_size(json_object_get(file, "vectors")) > 0);
    return file;
}

static json_int_t number(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    if (json_is_string(value))
        return strtoll(json_string_value(value), NULL, 10);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

// The bytes of a hex member, in memory that the caller frees; null data when the member is null.
static struct sei_halt_text bytes(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    assert_non_null(value);
    if (json_is_null(value))
        return (struct sei_halt_text){0};
    size_t len = json_string_length(value) / 2;
    char *data = malloc(len ? len : 1);
    for (size_t i = 0; i < len; i++) {
        const char digits[3] = {json_string_value(value)[2 * i],
                                json_string_value(value)[2 * i + 1]};
        char *end = NULL;
        data[i] = (char)strtoul(digits, &end, 16);
        assert_int_equal(*end, '\0');
    }
    return (struct sei_halt_text){data, len};
}

static void test_exit_codes(void **state)
{
    json_t *file = load("exit_codes"), *row;
    size_t i;
    json_array_foreach(json_object_get(file, "vectors"), i, row)
    {
        int code = (int)number(row, "code");
        enum sei_halt_reason reason;
        assert_int_equal(sei_halt_parse_exit_code(code, &reason),
                         json_is_true(json_object_get(row, "contract")));
        assert_int_equal(reason, number(row, "reason"));
        assert_string_equal(sei_halt_reason_string(code),
                            json_string_value(json_object_get(row, "token")));
        assert_string_equal(sei_halt_class_string(sei_halt_classify_exit_code(code)),
                            json_string_value(json_object_get(row, "class")));
    }
    json_decref(file);
}

static void test_wait_statuses(void **state)
{
    json_t *file = load("wait_statuses"), *row;
    size_t i;
    json_array_foreach(json_object_get(file, "vectors"), i, row)
    {
        int detail;
        enum sei_halt_class found =
            sei_halt_classify_wait_status((int)number(row, "status"), &detail);
        assert_string_equal(sei_halt_class_string(found),
                            json_string_value(json_object_get(row, "class")));
        assert_int_equal(detail, number(row, "detail"));
    }
    json_decref(file);
}

static void encode_one(const json_t *row)
{
    struct sei_halt_text token = bytes(row, "reason_string_hex");
    struct sei_halt_text plan = bytes(row, "plan_name_hex");
    struct sei_halt_text info = bytes(row, "info_hex");
    struct sei_halt_intent intent = {
        sizeof intent, number(row, "reason"), token, plan, number(row, "height"), info, 0, 0, 0,
    };
    intent.announced_s = number(row, "announced_s");
    intent.announced_ns = (int32_t)number(row, "announced_ns");
    char out[4096];
    size_t len = 0;
    int result = sei_halt_intent_encode(&intent, out, sizeof out, &len);
    assert_int_equal(result, number(row, "result"));
    if (result == 0) {
        const json_t *want = json_object_get(row, "json");
        assert_string_equal(out, json_string_value(want));
        assert_int_equal(len, json_string_length(want));
    }
    char *owned[] = {(char *)(uintptr_t)token.data, (char *)(uintptr_t)plan.data,
                     (char *)(uintptr_t)info.data};
    for (size_t i = 0; i < 3; i++)
        free(owned[i]);
}

static void test_encode(void **state)
{
    json_t *file = load("encode"), *row;
    size_t i;
    json_array_foreach(json_object_get(file, "vectors"), i, row)
    {
        encode_one(row);
    }
    json_decref(file);
}

static void assert_text(const json_t *row, const char *key, struct sei_halt_text got)
{
    struct sei_halt_text want = bytes(row, key);
    assert_int_equal(got.len, want.len);
    assert_int_equal(got.data == NULL && strcmp(key, "reason_string_hex") == 0, want.data == NULL);
    if (want.len)
        assert_memory_equal(got.data, want.data, want.len);
    free((char *)(uintptr_t)want.data);
}

static void decode_one(const json_t *row)
{
    struct sei_halt_text json = bytes(row, "json_hex");
    struct sei_halt_intent intent = SEI_HALT_INTENT_INIT;
    char *text = malloc(json.len ? json.len : 1);
    size_t at = SIZE_MAX;
    int result = sei_halt_intent_decode(json.data, json.len, &intent, text, json.len, &at);
    if (result != number(row, "result"))
        fail_msg("%s: %d at %zu", json_string_value(json_object_get(row, "name")), result, at);
    if (result < 0 && at != (size_t)number(row, "at"))
        fail_msg("%s: at %zu", json_string_value(json_object_get(row, "name")), at);
    if (result == 0) {
        assert_int_equal(intent.reason, number(row, "reason"));
        assert_int_equal(intent.height, number(row, "height"));
        assert_int_equal(intent.announced_s, number(row, "announced_s"));
        assert_int_equal(intent.announced_ns, number(row, "announced_ns"));
        assert_text(row, "reason_string_hex", intent.reason_string);
        assert_text(row, "plan_name_hex", intent.plan_name);
        assert_text(row, "info_hex", intent.info);
    }
    free(text);
    free((char *)(uintptr_t)json.data);
}

static void test_decode(void **state)
{
    json_t *file = load("decode"), *row;
    size_t i;
    json_array_foreach(json_object_get(file, "vectors"), i, row)
    {
        decode_one(row);
    }
    json_decref(file);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_wait_statuses),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
