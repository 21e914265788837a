#define _GNU_SOURCE
#include "include/process.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int clinux_pidfd_open(int process)
{
    long descriptor = syscall(SYS_pidfd_open, process, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int clinux_pidfd_send_signal(int descriptor, int signal)
{
    return syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0) < 0 ? -errno : 0;
}

int clinux_pidfd_getfd(int descriptor, int number)
{
    long copy = syscall(SYS_pidfd_getfd, descriptor, number, 0);
    return copy < 0 ? -errno : (int)copy;
}

/* In C because it is asked of every process of every instance at once, and the kernel alone takes long enough. */
int clinux_sockets_of(int process, struct clinux_socket **sockets)
{
    char text[64];
    snprintf(text, sizeof text, "/proc/%d/fd", process);
    *sockets = NULL;
    DIR *directory = opendir(text);
    if (directory == NULL)
        return -errno;
    int count = 0, capacity = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, text, sizeof text - 1);
        if (length <= 8 || memcmp(text, "socket:[", 8) != 0)
            continue;
        text[length] = 0;
        if (count == capacity) {
            capacity = capacity == 0 ? 32 : capacity * 2;
            void *larger = realloc(*sockets, (size_t)capacity * sizeof **sockets);
            if (larger == NULL) {
                count = -ENOMEM;
                break;
            }
            *sockets = larger;
        }
        (*sockets)[count++] = (struct clinux_socket){atoi(entry->d_name), strtoull(text + 8, NULL, 10)};
    }
    closedir(directory);
    return count;
}

int clinux_reap(int process, struct clinux_exit *exit)
{
    int status;
    struct rusage usage;
    pid_t ended;
    do
        ended = wait4(process, &status, WNOHANG | __WALL, &usage);
    while (ended < 0 && errno == EINTR);
    if (ended <= 0)
        return ended < 0 ? -errno : 0;
    exit->process = ended;
    exit->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    exit->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    exit->user_microseconds = (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec;
    exit->system_microseconds = (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec;
    exit->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
    return 1;
}

int clinux_set_child_subreaper(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int64_t clinux_read_memory(int process, uint64_t address, void *bytes, size_t count)
{
    struct iovec here = {bytes, count};
    struct iovec there = {(void *)(uintptr_t)address, count};
    ssize_t read = process_vm_readv(process, &here, 1, &there, 1, 0);
    return read < 0 ? -errno : read;
}

int clinux_effective_capabilities(uint64_t *bits)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    *bits = (uint64_t)data[1].effective << 32 | data[0].effective;
    return 0;
}

int clinux_affinity_count(void)
{
    /* The kernel refuses a set smaller than its own: ask with room for many. */
    for (int processors = 1024; processors <= 65536; processors *= 4) {
        cpu_set_t *set = CPU_ALLOC(processors);
        if (set == NULL)
            return -ENOMEM;
        size_t size = CPU_ALLOC_SIZE(processors);
        int result = sched_getaffinity(0, size, set) < 0 ? -errno : CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (result != -EINVAL)
            return result;
    }
    return -EINVAL;
}

int clinux_clone3_refusal(void)
{
    /* One that is there finds fault with the size. */
    return syscall(SYS_clone3, NULL, 0) < 0 && errno == EINVAL ? 0 : errno;
}

int clinux_clock_is_synchronised(void)
{
    struct timex clock = {0};
    return adjtimex(&clock) < 0 ? -errno : !(clock.status & STA_UNSYNC);
}

int clinux_get_limit(int resource, uint64_t *soft, uint64_t *hard)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) < 0)
        return -errno;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}

int clinux_set_limit(int resource, uint64_t soft, uint64_t hard)
{
    struct rlimit limit = {soft, hard};
    return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

/* Raw calls, because those of the C library change all threads. */
int clinux_set_file_identity(uint32_t user, uint32_t group, const uint32_t *groups, size_t count)
{
    if (syscall(SYS_setgroups, count, groups) < 0)
        return -errno;
    syscall(SYS_setfsgid, group);
    syscall(SYS_setfsuid, user);
    if ((uint32_t)syscall(SYS_setfsgid, -1) != group || (uint32_t)syscall(SYS_setfsuid, -1) != user)
        return -EPERM;
    return 0;
}

/* The first version of the kernel's struct pidfd_info (linux/pidfd.h), which headers may not have yet. */
struct pidfd_exit_info {
    uint64_t mask;
    uint64_t cgroup;
    uint32_t numbers[11];
    int32_t status;
};
enum { pidfd_info_exit = 1 << 3 };

int clinux_pidfd_exit(int descriptor, struct clinux_exit *exit)
{
    struct pidfd_exit_info info = {.mask = pidfd_info_exit};
    if (ioctl(descriptor, _IOWR(0xff, 11, struct pidfd_exit_info), &info) < 0)
        return errno == ESRCH ? 0 : -errno;
    if ((info.mask & pidfd_info_exit) == 0)
        return 0;
    exit->code = WIFEXITED(info.status) ? WEXITSTATUS(info.status) : -1;
    exit->signal = WIFSIGNALED(info.status) ? WTERMSIG(info.status) : 0;
    return 1;
}
