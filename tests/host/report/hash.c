/* hash.c - SHA-256: the examples of FIPS 180-2, appendix B, that of nothing, and both ways to do it for every length of the last block. */
#include "host/report/report.h"
#include "tests/host/check.h"

static const struct {
    const char *text;
    size_t times;
    const char *digest;
} examples[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

typedef void hash_function(const void *data, size_t size, uint8_t digest[32]);

static void
check_examples(hash_function *hash, const char *name)
{
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        size_t length = strlen(examples[i].text), size = length * examples[i].times;
        char *data = malloc(size + 1), text[65];
        uint8_t digest[32];

        if (data == NULL) {
            exit(1);
        }
        for (size_t at = 0; at < size; at += length) {
            memcpy(data + at, examples[i].text, length);
        }
        hash(data, size, digest);
        for (int j = 0; j < 32; j++) {
            snprintf(text + 2 * j, 3, "%02x", digest[j]);
        }
        CHECK_THAT(strcmp(text, examples[i].digest) == 0, "%s, example %zu: %s", name, i, text);
        free(data);
    }
}

int
main(void)
{
    uint8_t data[400], digests[2][32];

    check_examples(report_hash, "as the processor can");
    check_examples(report_hash_by_hand, "by hand");
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 37 + i / 7);
    }
    for (size_t size = 0; size < 300; size++) {
        report_hash(data + size % 16, size, digests[0]);
        report_hash_by_hand(data + size % 16, size, digests[1]);
        CHECK_THAT(memcmp(digests[0], digests[1], 32) == 0, "%zu bytes", size);
    }
    return check_done("report-hash");
}
