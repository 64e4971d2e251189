/*
 * filesystem.cpp - std::filesystem on C:, with libstdc++ linked in. What it must print stands in filesystem.out.
 */
#include <iostream>
#include <filesystem>
#include <fstream>
#include <vector>
#include <algorithm>
namespace fs = std::filesystem;
int
main()
{
    fs::path d = "C:\\fsx";
    fs::remove_all(d);
    fs::create_directories(d / "a" / "b");
    {
        std::ofstream(d / "a" / "x.txt") << "hello\n" << 42;
    }
    std::cout << fs::file_size(d / "a" / "x.txt") << "\n";
    fs::copy(d / "a", d / "c", fs::copy_options::recursive);
    std::vector<std::string> v;
    for (auto &e : fs::recursive_directory_iterator(d)) {
        v.push_back(e.path().generic_string());
    }
    std::sort(v.begin(), v.end());
    for (auto &s : v) {
        std::cout << s << "\n";
    }
    fs::rename(d / "c", d / "e");
    std::cout << fs::exists(d / "e" / "x.txt") << fs::is_directory(d / "e") << "\n";
    auto t = fs::last_write_time(d / "a" / "x.txt");
    fs::last_write_time(d / "a" / "x.txt", t);
    fs::resize_file(d / "a" / "x.txt", 3);
    std::cout << fs::file_size(d / "a" / "x.txt") << "\n";
    std::cout << (fs::space("C:\\").capacity > 0) << "\n";
    std::cout << fs::current_path() << fs::temp_directory_path() << "\n";
    std::cout << fs::weakly_canonical(d / ".." / "fsx") << "\n";
    try {
        fs::file_size("C:\\nope");
    } catch (fs::filesystem_error &e) {
        std::cout << e.code().value() << "\n";
    }
    std::cout << fs::remove_all(d) << "\n";
}
