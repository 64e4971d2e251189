#include "host/debug/debug.h"
uint64_t
debug_processor(struct debug *debug, uint64_t cpu)
{
    return 0;
}
uint64_t
debug_current_thread(struct debug *debug, uint64_t cpu)
{
    return 0;
}
