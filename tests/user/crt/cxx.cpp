// cxx.cpp - a C++ client with its run time linked in: exceptions, streams, containers, threads'
// data.
#include "check.h"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

static int Destroyed;
static int Constructed = 5;

struct Guard {
    ~Guard()
    {
        Destroyed++;
    }
};

struct AtStart {
    AtStart()
    {
        Constructed *= 2;
    }
    ~AtStart()
    {
        std::cout << "destroyed at exit" << std::endl;
    }
} Early;

static void
Thrower(int Depth)
{
    Guard g;

    if (Depth == 0) {
        throw std::runtime_error("deep");
    }
    Thrower(Depth - 1);
}

int
main()
{
    CHECK(Constructed == 10);
    try {
        Thrower(10);
        CHECK(!"no exception");
    } catch (const std::exception &e) {
        CHECK(std::string(e.what()) == "deep" && Destroyed == 11);
    }
    try {
        try {
            throw 42;
        } catch (int &i) {
            i++;
            throw;
        }
    } catch (int i) {
        CHECK(i == 43);
    }
    try {
        std::vector<int>(3).at(7) = 1;
        CHECK(!"no exception");
    } catch (const std::out_of_range &) {
        CHECK(true);
    }
    std::ostringstream Out;
    Out << 3.25 << ' ' << std::hex << 255 << ' ' << std::setprecision(3) << std::fixed << 2.0 << ' '
        << true;
    CHECK(Out.str() == "3.25 ff 2.000 1");
    std::istringstream In("12 0.5 word");
    int i;
    double d;
    std::string s;
    CHECK(static_cast<bool>(In >> i >> d >> s) && i == 12 && d == 0.5 && s == "word");
    CHECK(std::stoi("77") == 77 && std::stod("1e3") == 1000 && std::to_string(12) == "12");
    std::map<std::string, int> Map{{"b", 2}, {"a", 1}};
    CHECK(Map.begin()->first == "a");
    std::vector<int> v{3, 1, 2};
    std::sort(v.begin(), v.end());
    CHECK(v[0] == 1 && v[2] == 3);
    auto p = std::make_shared<int>(9);
    CHECK(*p == 9 && p.use_count() == 1);
    std::random_device Device;
    unsigned First = Device();
    CHECK(First != Device() || First != Device());
    std::cout << "text through iostream " << 1.5 << std::endl;
    std::wcout << L"wide through iostream" << std::endl;
    return Summary("cxx");
}
