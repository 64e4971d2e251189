/*
 * threads.cpp - threads, locks and futures of C++, on winpthreads. What it must print stands in threads.out.
 */
#include <iostream>
#include <thread>
#include <mutex>
#include <condition_variable>
#include <future>
#include <atomic>
#include <shared_mutex>
#include <chrono>
#include <vector>
#include <queue>
using namespace std::chrono_literals;
thread_local int tl = 5;
int
main()
{
    std::mutex m;
    std::condition_variable cv;
    std::queue<int> q;
    bool done = false;
    long sum = 0;
    std::thread c([&] {
        std::unique_lock l(m);
        for (;;) {
            cv.wait(l, [&] { return !q.empty() || done; });
            while (!q.empty()) {
                sum += q.front();
                q.pop();
            }
            if (done) {
                break;
            }
        }
    });
    for (int i = 0; i < 1000; i++) {
        {
            std::lock_guard g(m);
            q.push(i);
        }
        cv.notify_one();
    }
    {
        std::lock_guard g(m);
        done = true;
    }
    cv.notify_all();
    c.join();
    std::cout << sum << "\n";
    auto f = std::async(std::launch::async, [] {
        std::this_thread::sleep_for(50ms);
        tl++;
        return tl;
    });
    std::cout << (f.wait_for(1ms) == std::future_status::timeout) << f.get() << tl << "\n";
    std::promise<int> p;
    auto pf = p.get_future();
    std::thread t([&] {
        try {
            throw std::runtime_error("x");
        } catch (...) {
            p.set_exception(std::current_exception());
        }
    });
    try {
        pf.get();
    } catch (std::exception &e) {
        std::cout << e.what() << "\n";
    }
    t.join();
    std::shared_mutex sm;
    std::atomic<int> n{0};
    std::vector<std::thread> v;
    for (int i = 0; i < 8; i++) {
        v.emplace_back([&, i] {
            for (int k = 0; k < 1000; k++) {
                if (i % 2) {
                    std::shared_lock l(sm);
                    n++;
                } else {
                    std::unique_lock l(sm);
                    n++;
                }
            }
        });
    }
    for (auto &x : v) {
        x.join();
    }
    std::cout << n << " " << (std::thread::hardware_concurrency() > 0) << "\n";
    std::once_flag o;
    int k = 0;
    for (int i = 0; i < 3; i++) {
        std::call_once(o, [&] { k++; });
    }
    std::cout << k << "\n";
    std::timed_mutex tm;
    tm.lock();
    std::thread t2([&] { std::cout << tm.try_lock_for(10ms) << "\n"; });
    t2.join();
    tm.unlock();
    auto t0 = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(20ms);
    std::cout << (std::chrono::steady_clock::now() - t0 >= 20ms) << "\n";
    std::recursive_mutex rm;
    rm.lock();
    rm.lock();
    rm.unlock();
    rm.unlock();
}
