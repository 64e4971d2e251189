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
    {"replay", command_replay, "FINDING.ntr", "runs a finding again, step by step"},
    {"dbg", command_dbg, "FINDING.ntr [-c 'COMMAND; ...']", "the same, then a prompt"},
    {"merge", command_merge, "DIR...", "adds up what shards of a search have found"},
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
        "    --cpus N              virtual processors (4)\n"
        "    --clock virtual|host  host: real time\n"
        "    --seed N              (0)\n"
        "    --run-timeout TIME    of the host (10s)\n"
        "    --virtual-timeout TIME (1h)\n"
        "    --kd                  a kernel debugger is said to be attached\n"
        "    --client-exit ignore  a client's exit code other than 0 is no finding\n"
        "    --json FILE|-         the report as JSON\n"
        "    --budget 30s|2000runs of explore; --effort quick|normal|thorough, --first, "
        "--keep-going\n"
        "    --jobs N              so many worker processes search (1)\n"
        "    --shard I/N           the Ith of N parts; Slurm's and Kubernetes's variables say it "
        "too\n"
        "    --out DIR             keeps what was found, for merge\n"
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
        help(stdout);
        return STATUS_CLEAN;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("ntlab %s\n", NTLAB_VERSION);
        return STATUS_CLEAN;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return usage_error("unknown command `%s`; see ntlab --help", argv[1]);
}
