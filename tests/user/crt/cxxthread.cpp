// cxxthread.cpp - C++ threads over winpthreads, as g++ with the posix thread model links them in.
#include "check.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

static thread_local int Mine = 7;

int
main()
{
    std::mutex Lock;
    std::condition_variable Changed;
    std::vector<std::thread> Threads;
    std::atomic<int> Atomic{0};
    int Plain = 0, Turn = 0;

    for (int i = 0; i < 4; i++) {
        Threads.emplace_back([&, i] {
            Mine += i;
            for (int n = 0; n < 100; n++) {
                std::lock_guard<std::mutex> Guard(Lock);
                Plain++;
            }
            Atomic += Mine;
            std::unique_lock<std::mutex> Guard(Lock);
            Changed.wait(Guard, [&] { return Turn == i; });
            Turn++;
            Changed.notify_all();
        });
    }
    for (auto &Thread : Threads) {
        Thread.join();
    }
    CHECK(Plain == 400 && Turn == 4 && Atomic == 4 * 7 + 6 && Mine == 7);

    auto Future = std::async(std::launch::async, [] { return 42; });
    CHECK(Future.get() == 42);
    auto Failing =
        std::async(std::launch::async, []() -> int { throw std::logic_error("in a thread"); });
    try {
        Failing.get();
        CHECK(!"no exception");
    } catch (const std::logic_error &e) {
        CHECK(std::string(e.what()) == "in a thread");
    }
    auto Start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(std::chrono::steady_clock::now() - Start >= std::chrono::milliseconds(45));
    std::unique_lock<std::mutex> Guard(Lock);
    CHECK(Changed.wait_for(Guard, std::chrono::milliseconds(20)) == std::cv_status::timeout);
    std::once_flag Once;
    int Calls = 0;
    for (int i = 0; i < 3; i++) {
        std::call_once(Once, [&] { Calls++; });
    }
    CHECK(Calls == 1);
    return Summary("cxxthread");
}
