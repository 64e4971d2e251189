/* Does the fuzzer's tool chain work here? Compiled while configuring. */
#include <stddef.h>
#include <stdint.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return 0;
}
