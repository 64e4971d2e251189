/*
 * peer.c - the same kinds of work as Linux does them, for comparison: one line `name nanoseconds` each.
 *
 *     peer            everything, median of several rounds
 *     peer COMMAND…   runs it and prints `started SECONDS` since 1970 just before: what a boot is timed from
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 9
#define TIMES  200000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spinlock;
static sem_t semaphore, ping, pong;
static volatile int stop;

static double
now(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;

    return difference < 0 ? -1 : difference > 0;
}

static void
measure(const char *name, void (*routine)(int times), int times)
{
    double round[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        double start = now(CLOCK_MONOTONIC);

        routine(times);
        round[i] = (now(CLOCK_MONOTONIC) - start) / times;
    }
    qsort(round, ROUNDS, sizeof(round[0]), by_value);
    printf("%s %.2f\n", name, round[ROUNDS / 2]);
}

static void
mutex_pair(int times)
{
    while (times-- != 0) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    }
}

static void *
sleep_for_ever(void *unused)
{
    for (;;) {
        pause();
    }
}

static void
start_sleeper(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, sleep_for_ever, NULL);
}

static void
write_pair(int times)
{
    while (times-- != 0) {
        pthread_rwlock_wrlock(&rwlock);
        pthread_rwlock_unlock(&rwlock);
    }
}

static void
read_pair(int times)
{
    while (times-- != 0) {
        pthread_rwlock_rdlock(&rwlock);
        pthread_rwlock_unlock(&rwlock);
    }
}

static void
spin_pair(int times)
{
    while (times-- != 0) {
        pthread_spin_lock(&spinlock);
        pthread_spin_unlock(&spinlock);
    }
}

static void
semaphore_pair(int times)
{
    while (times-- != 0) {
        sem_wait(&semaphore);
        sem_post(&semaphore);
    }
}

static void
system_call(int times)
{
    while (times-- != 0) {
        syscall(SYS_getppid);
    }
}

static void
control(int times)
{
    int file = open("/dev/null", O_RDWR | O_CLOEXEC), value;

    while (times-- != 0) {
        ioctl(file, FIONREAD, &value);
    }
    close(file);
}

static void
open_close(int times)
{
    while (times-- != 0) {
        close(open("/dev/null", O_RDWR | O_CLOEXEC));
    }
}

static void
on_signal(int number)
{
    stop = number;
}

static void
signal_self(int times)
{
    signal(SIGUSR1, on_signal);
    while (times-- != 0) {
        raise(SIGUSR1);
    }
}

static void
pin(int processor)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

static void *
answerer(void *processor)
{
    pin((int)(long)processor);
    for (;;) {
        while (sem_wait(&ping) != 0) {
        }
        if (stop) {
            return NULL;
        }
        sem_post(&pong);
    }
}

static int file;
static char page[4096];

static void
read_page(int times)
{
    while (times-- != 0 && pread(file, page, sizeof(page), 0) == sizeof(page)) {
    }
}

static void
write_page(int times)
{
    while (times-- != 0 && pwrite(file, page, sizeof(page), 0) == sizeof(page)) {
    }
}

static void
ping_pong(int times, long processor)
{
    pthread_t thread;

    stop = 0;
    pin(0);
    pthread_create(&thread, NULL, answerer, (void *)processor);
    while (times-- != 0) {
        sem_post(&ping);
        while (sem_wait(&pong) != 0) {
        }
    }
    stop = 1;
    sem_post(&ping);
    pthread_join(thread, NULL);
}

static void
ping_pong_one(int times)
{
    ping_pong(times, 0);
}

static void
ping_pong_two(int times)
{
    ping_pong(times, sysconf(_SC_NPROCESSORS_ONLN) > 1);
}

int
main(int argc, char **argv)
{
    if (argc > 1) {
        printf("started %.9f\n", now(CLOCK_REALTIME) / 1e9);
        fflush(stdout);
        execvp(argv[1], argv + 1);
        return 127;
    }
    pthread_spin_init(&spinlock, PTHREAD_PROCESS_PRIVATE);
    sem_init(&semaphore, 0, 1);
    sem_init(&ping, 0, 0);
    sem_init(&pong, 0, 0);
    measure("pthread_mutex", mutex_pair, TIMES * 10);
    start_sleeper(); /* with one thread alone the C library leaves out the lock prefixes */
    measure("pthread_mutex-threads", mutex_pair, TIMES * 10);
    measure("pthread_rwlock-write", write_pair, TIMES * 10);
    measure("pthread_rwlock-read", read_pair, TIMES * 10);
    measure("pthread_spin", spin_pair, TIMES * 10);
    measure("sem_t", semaphore_pair, TIMES * 10);
    measure("getppid", system_call, TIMES);
    measure("ioctl", control, TIMES);
    measure("open-close", open_close, TIMES / 10);
    file = fileno(tmpfile());
    measure("pwrite-4k", write_page, TIMES / 10);
    measure("pread-4k", read_page, TIMES / 10);
    measure("raise", signal_self, TIMES / 10);
    measure("sem_t-ping-pong-1-cpu", ping_pong_one, TIMES / 40);
    measure("sem_t-ping-pong-2-cpus", ping_pong_two, TIMES / 40);
    return 0;
}
