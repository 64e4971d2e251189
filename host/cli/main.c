/*
 * main.c - `ntlab COMMAND`: finds the command.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "host/cli/cli.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
    const char *summary;
} commands[] = {
    {"run", command_run, "[DRIVER.sys...] [-- CLIENT.exe ARGS...]", "one run"},
    {"explore", command_explore, "[DRIVER.sys...] [-- CLIENT.exe ARGS...]", "many schedules"},
    {"check", command_check, "DRIVER.sys...",
     "everything that a program can ask of it; no client needed"},
    {"test", command_test, "[ntlab.toml]", "every case of a project"},
    {"replay", command_replay, "FINDING.ntr", "runs a finding again, step by step"},
    {"dbg", command_dbg, "FINDING.ntr [-c 'COMMAND; ...']", "the same, then a prompt"},
    {"report", command_report, "FINDING.ntr",
     "the same, as an HTML page beside it, or as asked for"},
    {"merge", command_merge, "DIR...", "adds up what shards of a search have found"},
    {"syscalls", command_syscalls, "CLIENT.exe [ARGS...]",
     "its system services, one a line (--summary: their number, and where the time went; --stages: "
     "what each stage "
     "takes)"},
    {"imports", command_imports, "FILE...", "what images import, and what of it is missing"},
    {"dt", command_dt_type, "[IMAGE...] [MODULE!]TYPE [FIELD...]",
     "a structure with its offsets (-r: nested, -y: prefix)"},
    {"u", command_unassemble, "[IMAGE...] [MODULE!]SYMBOL [LN]", "disassembles a function"},
    {"demo", command_demo, "[NAME]", "runs a sample and says what happened"},
    {"doctor", command_doctor, "[--json]", "can this machine run ntlab?"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
help(FILE *out)
{
    fprintf(out, "ntlab %s: runs Windows drivers and clients on Linux\n\n", NTLAB_VERSION);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(out, "    ntlab %-8s %-42s %s\n", commands[i].name, commands[i].usage,
                commands[i].summary);
    }
    fputs(
        "\nOptions:\n"
        "    --os NAME             nt51 ws2003 vista win7 win8 win10 win11, or a build (win10)\n"
        "    --client [user:|admin:|system:]'CMD'\n"
        "                          a client process with that token; `-- CMD` is --client admin:\n"
        "    --inf FILE            a driver's INF\n"
        "    --reg FILE            registry content\n"
        "    --dir DIR             a folder to see as read-only files\n"
        "    --symbols DIR         where PDB files lie\n"
        "    --source-map OLD=NEW  how build paths become repository paths\n"
        "    --cpus N              virtual processors (4; explore: one for each thread, with N "
        "strict "
        "priorities)\n"
        "    --clock virtual|host  host: real time\n"
        "    --seed N              (0)\n"
        "    --run-timeout TIME    of the host's processor (10s)\n"
        "    --virtual-timeout TIME (1h)\n"
        "    --verifier standard|all|0xFLAGS|RULE,...\n"
        "                          rules that watch the drivers (none): docs/rules\n"
        "    --rule NAME=off|note|warning|error\n"
        "    --fail-alloc[=after-entry|N|N:always]\n"
        "                          of run: two runs for each stack of the driver that allocates, "
        "in "
        "which its first\n"
        "                          allocation fails, or all do; N: that stack's; rules: standard\n"
        "    --isolation off|pages|keys|auto (auto)\n"
        "                          how system memory is closed to user code: by protection keys, "
        "by "
        "page\n"
        "                          protection on each way in and out (docs/syscalls.md)\n"
        "    --mitigations         what the way in and out does against speculation is executed\n"
        "    --kd                  a kernel debugger is said to be attached\n"
        "    --client-exit ignore  a client's exit code other than 0 is no finding\n"
        "    --json FILE|-         the report as JSON\n"
        "    --html FILE           the report as one page with a timeline\n"
        "    --sarif FILE, --junit FILE, --coverage FILE\n"
        "                          for code scanning, for test pages, and what of the drivers ran "
        "(lcov)\n"
        "    --trace FILE          every event as a line of JSON; FILE.json is for Perfetto and "
        "Chrome\n"
        "    --out DIR             all of them, and the findings\n"
        "    --budget 30s|2000runs of explore (`ntlab help explore` has all of them); --effort, "
        "--first, "
        "--keep-going\n"
        "    --jobs N              so many worker processes search (1)\n"
        "    --shard I/N           the Ith of N parts; Slurm's and Kubernetes's variables say it "
        "too\n"
        "    --require exhausted|bounded:C  less than that is status 6\n"
        "    --break IMAGE!SYMBOL  stops each time before this code runs (repeatable)\n"
        "    -c 'COMMAND; ...'     debugger commands for each stop and the end: !locks, k, dt, "
        "...\n"
        "    --dbg                 then a prompt, or commands from standard input (? lists them)\n"
        "\nExit status: 0 clean, 1 a finding, 2 wrong usage, 3 an input that Windows would refuse "
        "too,\n"
        "4 stopped at something that is not implemented, 5 a failure of ntlab itself, 6 less than "
        "required.\n",
        out);
}

/* `ntlab help explore` */
static void
help_explore(FILE *out)
{
    fputs("ntlab explore [options] [DRIVER.sys...] [--client '[user:|admin:|system:]CMD']... [-- "
          "CLIENT.exe "
          "ARGS...]\n\n"
          "Runs them along many schedules. Each finding is made small, run again in a fresh "
          "process, reported, and\n"
          "kept in findings/N.ntr for `ntlab replay` and `ntlab dbg`. Besides the options of "
          "`ntlab help`:\n\n"
          "    --budget 30s|2000runs       in runs: the same result for any --jobs, on any load "
          "(30s)\n"
          "    --effort quick|normal|thorough\n"
          "                                without --strategy: 10 s, 30 s, 5 min; quick has no "
          "bounded search\n"
          "    --first | --keep-going      stop at the first finding (on a terminal), or report "
          "each distinct one\n"
          "    --require exhausted|bounded:C\n"
          "                                less than that is status 6\n"
          "    --inject none|all|suspend,cancel,unload,writeback,terminate,nomem\n"
          "                                what the environment may add at any point "
          "(all but the last two)\n"
          "    --injections N              so many of them in a run, one of each kind at most (1)\n"
          "    --os NAME,NAME...           a search for each version; the status is the worst one\n"
          "    --jobs N                    worker processes (1)\n"
          "    --shard I/N                 the Ith of N parts, also from Slurm's or Kubernetes's "
          "variables\n"
          "    --out DIR                   results for `ntlab merge DIR...`, findings and "
          "report.json\n"
          "    --json FILE|-               the report\n\n"
          "For experts:\n"
          "    --strategy NAME             dpor odpor bounded delay pct pos urw surw random "
          "portfolio feedback\n"
          "                                fairwalk fair; without it: dpor first, then what its "
          "estimate suggests\n"
          "    --granularity api|atomics|memory\n"
          "                                schedule points: calls; atomic instructions; shared "
          "memory (api)\n"
          "    --bound N                   of bounded and delay: preemptions, deviations (as far "
          "as the budget goes)\n"
          "    --depth N                   of pct (3)\n\n"
          "ntlab replay FINDING.ntr [IMAGE...]\n"
          "    --stop-at N                 before choice N: who could step, and the threads; -c, "
          "--dbg\n"
          "    --tolerant                  pass over choices that cannot be made, and count them\n"
          "    IMAGE...                    take the place of those of the same name in it\n",
          out);
}

/* `ntlab help COMMAND`, `ntlab COMMAND --help` */
static int
help_of(const char *command)
{
    if (command != NULL && (strcmp(command, "explore") == 0 || strcmp(command, "replay") == 0)) {
        help_explore(stdout);
    } else {
        help(stdout);
    }
    return STATUS_CLEAN;
}

static bool
asks_for_help(char **words)
{
    for (; *words != NULL && strcmp(*words, "--") != 0; words++) {
        if (strcmp(*words, "--help") == 0 || strcmp(*words, "-h") == 0) {
            return true;
        }
    }
    return false;
}

int
main(int argc, char **argv)
{
    int fd;

    /* No file of ours shall become stdin, stdout or stderr. */
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO) {
    }
    close(fd);
    if (argc < 2) {
        help(stderr);
        return STATUS_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        return help_of(argv[2]);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("ntlab %s\n", NTLAB_VERSION);
        return STATUS_CLEAN;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return asks_for_help(argv + 2) ? help_of(argv[1]) : commands[i].run(argc - 1, argv + 1);
        }
    }
    return usage_error("unknown command `%s`; see ntlab --help", argv[1]);
}
