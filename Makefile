# The short way in: `make`, `make demo`, `make test`, `make bench`, `make soak`.
# Everything else is Meson's; see meson.build.
BUILD ?= build

PREFIX ?= /usr/local

.PHONY: all deps demo test bench bench-bugs bugs soak undeclared mutants install deb clean
all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) $(NINJAFLAGS)

deps:
	@tools/install-deps.sh

$(BUILD)/build.ninja: | deps
	@meson setup $(BUILD) --cross-file cross/x86_64-windows.ini >$(BUILD).setup.log 2>&1 || { cat $(BUILD).setup.log; rm -rf $(BUILD) $(BUILD).setup.log; exit 1; }
	@mv $(BUILD).setup.log $(BUILD)/

demo: all
	@$(BUILD)/ntlab demo

test: all
	@tools/run-tests.sh $(BUILD)

bench: all
	@python3 tools/bench.py $(BUILD)

# Schedules until a bug is found, beside what others have published; BUGS='--trials 3 bluetooth'.
bench-bugs: all
	@python3 tools/bench_bugs.py $(BUILD) $(BUGS)

# Each seeded bug by `ntlab check`, without a client, and how long it takes; the correct drivers show nothing.
bugs: all
	@python3 tests/bugs/account.py --jobs 2 $(BUILD)/ntlab $(BUILD)/tests/bugs tests/bugs/bugs.list

soak: all
	@FUZZ_SECONDS=500 tools/run-tests.sh --soak $(BUILD)
	@python3 tests/cli/cycles.py $(BUILD)/ntlab $(BUILD)/tests/nt/flt-cycle-client.exe $(BUILD)/samples/passthrough/passthrough.sys 2500
	@python3 tests/cli/fs_schedules.py $(BUILD)/ntlab $(BUILD)/tests/user $(BUILD)/samples/passthrough/passthrough.sys 100
	@python3 tests/cli/samples.py --soak $(BUILD)/ntlab $(BUILD)/samples ramfs
	@python3 tests/explore/check_counts.py --soak $(BUILD)/ntlab $(BUILD)/tests/explore tests/explore/programs.list
	@python3 tests/explore/check_drawn.py --seed 100 --count 1000 --apcs 300 --wide 500 $(BUILD)/ntlab $(BUILD)/tests/explore
	@python3 tests/bugs/account.py --jobs 2 $(BUILD)/ntlab $(BUILD)/tests/bugs tests/bugs/bugs.list
	@python3 tests/explore/soak.py $(BUILD)/ntlab $(BUILD)/tests/explore $(or $(RUNS),20000000)

# Does each step of the kernel say all that it touches? (docs/explore.md: what does not commute)
undeclared: all
	@ninja -C $(BUILD) nt/watched.exe
	@python3 tools/undeclared.py $(BUILD)

# The tests' own test: a kernel with one line changed must fail one of them (docs/mutants.md).
mutants: all
	@python3 tools/mutate.py $(MUTANTS) $(BUILD)

# make install PREFIX=/opt/ntlab; DESTDIR stands in front of it.
install: all
	@tools/install.sh $(BUILD) $(DESTDIR)$(PREFIX)

# A package for Debian 12 and later, in the build folder.
deb: all
	@tools/make-deb.sh $(BUILD) $(BUILD)

clean:
	rm -rf $(BUILD)
