/*
 * search_peer.cpp - what `make bench` puts beside the explorer's runs per second where Debian's relacy-dev is installed: the program
 * lockinc3 (tests/explore/locks.c), each execution along a random schedule. Relacy's threads are fibers of one process, its mutex is
 * a few lines of C++; there is no kernel, no driver and no memory to put back.
 */
#include <cstdio>
#include <cstdlib>
#include <relacy/relacy.hpp>

struct lockinc : rl::test_suite<lockinc, 3> {
    rl::mutex lock;
    rl::var<int> x;

    void before() { x($) = 0; }
    void thread(unsigned)
    {
        lock.lock($);
        x($) = x($) + 1;
        lock.unlock($);
    }
    void after() { RL_ASSERT(x($) == 3); }
};

int
main(int count, char **arguments)
{
    rl::test_params parameters;

    parameters.iteration_count = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 100000;
    parameters.search_type = rl::random_scheduler_type;
    return rl::simulate<lockinc>(parameters) ? 0 : 1;
}
