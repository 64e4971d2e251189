/*
 * library.cpp - regular expressions, streams, locales, random numbers, exceptions of the C++ library. What it must print stands in library.out.
 */
#include <iostream>
#include <regex>
#include <sstream>
#include <iomanip>
#include <map>
#include <unordered_map>
#include <set>
#include <random>
#include <memory>
#include <optional>
#include <variant>
#include <numeric>
#include <locale>
#include <ctime>
#include <bitset>
#include <complex>
#include <typeinfo>
#include <charconv>
#include <functional>
struct B {
    virtual ~B()
    {
    }
    virtual int f() const
    {
        return 1;
    }
};
struct D : B {
    int f() const override
    {
        return 2;
    }
};
int
main()
{
    std::regex r("(\\w+)@(\\w+)\\.com");
    std::smatch m;
    std::string s = "joe@example.com";
    std::cout << std::regex_match(s, m, r) << m[1] << m[2] << "\n";
    std::ostringstream o;
    o << std::setw(8) << std::setfill('*') << std::hex << 255 << std::fixed << std::setprecision(3)
      << 3.14159;
    std::cout << o.str() << "\n";
    std::mt19937 g(1);
    std::uniform_int_distribution<> d(1, 100);
    std::cout << d(g) << "\n";
    std::unique_ptr<B> b(new D);
    std::cout << dynamic_cast<D &>(*b).f() << typeid(*b).name() << "\n";
    try {
        dynamic_cast<D &>(*std::make_unique<B>());
    } catch (std::bad_cast &e) {
        std::cout << "bad_cast\n";
    }
    std::variant<int, std::string> v = "x";
    std::cout << std::get<std::string>(v) << "\n";
    std::optional<int> q;
    try {
        q.value();
    } catch (std::bad_optional_access &) {
        std::cout << "boa\n";
    }
    try {
        std::vector<int>(3).at(9);
    } catch (std::out_of_range &e) {
        std::cout << e.what() << "\n";
    }
    time_t t = 0;
    std::tm *x = gmtime(&t);
    std::cout << std::put_time(x, "%Y-%m-%d %H:%M:%S") << "\n";
    std::cout << std::locale().name() << "\n";
    try {
        std::locale l("de_DE");
    } catch (std::runtime_error &) {
        std::cout << "nolocale\n";
    }
    int n;
    auto e = std::from_chars("1234x", "1234x" + 5, n);
    std::cout << n << *e.ptr << "\n";
    std::cout << std::stod("2.5e3") << std::to_string(1.5) << "\n";
    std::complex<double> c(1, 2);
    std::cout << c * c << std::bitset<8>(5) << "\n";
    std::random_device rd;
    std::cout << (rd() != rd()) << "\n";
    std::wcout << L"wide\n";
    std::string line;
    std::istringstream is("1 2 3");
    int a, bb, cc;
    is >> a >> bb >> cc;
    std::cout << a + bb + cc << "\n";
    std::function<int(int)> fib = [&](int k) { return k < 2 ? k : fib(k - 1) + fib(k - 2); };
    std::cout << fib(20) << std::endl;
    std::map<std::string, int> mm{{"a", 1}};
    mm["b"]++;
    std::cout << mm.size() << "\n";
    return 0;
}
