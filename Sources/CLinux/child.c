#define _GNU_SOURCE
#include "child.h"
#include "include/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The child shares the parent's memory: system calls only, no locks, no allocation. Calls that glibc would
 * broadcast to "all threads" (setuid and its kin) are made raw. */

static int fail(struct clinux_spawn *request, enum clinux_stage stage, int position)
{
    request->error = errno;
    request->stage = stage;
    request->position = position;
    return -1;
}

static void write_number(const char *path, int number)
{
    char digits[12];
    int length = 0, negative = number < 0;
    unsigned rest = negative ? -(unsigned)number : (unsigned)number;
    do
        digits[sizeof digits - 1 - length++] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (negative)
        digits[sizeof digits - 1 - length++] = '-';
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    ssize_t ignored = write(descriptor, digits + sizeof digits - length, (size_t)length);
    (void)ignored;
    close(descriptor);
}

/* Where the descriptor at this position is found: on the tray, or where the caller has it. */
static int source(const struct clinux_spawn *request, int position)
{
    return request->shares_table ? request->tray_first + position : request->inherited[position].source;
}

/* On the tray it lies behind the others. */
static int channel(const struct clinux_spawn *request)
{
    return request->shares_table ? request->tray_first + request->inherited_count : request->filter_channel;
}

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* Copies only the beginning of a table of thousands, as far as the tray. */
static int leave_table(struct clinux_spawn *request)
{
    int end = request->tray_first + request->tray_count;
    if (!request->shares_table || syscall(SYS_close_range, end, ~0U, CLOSE_RANGE_UNSHARE) == 0)
        return 0;
    return fail(request, clinux_stage_table, 0);
}

/* An ignored signal stays ignored through clone and exec; a program expects the default. Raw, because glibc keeps
 * 32 and 33 to itself, and whoever started us may have left them ignored. */
static void reset_signals(int handlers_are_clear)
{
    static const int often_ignored[] = {SIGPIPE, SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2,
                                        SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ, SIGALRM, 32,      33};
    static const uint64_t standard[4]; /* the kernel's struct sigaction: SIG_DFL, no flags, no mask */
    if (handlers_are_clear)
        for (size_t i = 0; i < sizeof often_ignored / sizeof *often_ignored; i++)
            syscall(SYS_rt_sigaction, often_ignored[i], standard, NULL, (size_t)8);
    else
        for (int signal = 1; signal < 65; signal++)
            syscall(SYS_rt_sigaction, signal, standard, NULL, (size_t)8);
}

static int join_cgroup(struct clinux_spawn *request)
{
    int descriptor = openat(request->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (descriptor < 0 || write(descriptor, "0", 1) != 1)
        return fail(request, clinux_stage_cgroup, 0);
    close(descriptor);
    return 0;
}

static int set_surroundings(struct clinux_spawn *request)
{
    if (setsid() < 0)
        return fail(request, clinux_stage_session, 0);
    /* Best effort: a read-only /proc must not keep a program from starting. */
    if (request->has_memory_score)
        write_number("/proc/self/oom_score_adj", request->memory_score);
    for (int i = 0; i < request->limit_count; i++) {
        const struct clinux_limit *limit = &request->limits[i];
        struct {
            uint64_t soft, hard;
        } value = {limit->soft, limit->hard};
        if (syscall(SYS_prlimit64, 0, limit->resource, &value, NULL) < 0)
            return fail(request, clinux_stage_limit, i);
    }
    if (request->has_priority && syscall(SYS_setpriority, PRIO_PROCESS, 0, request->priority) < 0)
        return fail(request, clinux_stage_priority, 0);
    if (request->has_mask)
        umask(request->mask);
    return 0;
}

static int install_filters(struct clinux_spawn *request)
{
    if (request->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(request, clinux_stage_privileges, 0);
    for (int i = 0; i < request->filter_count; i++) {
        const struct clinux_filter *filter = &request->filters[i];
        int result = clinux_seccomp_install(filter->instructions, filter->length, filter->notifies);
        if (result < 0) {
            errno = -result;
            return fail(request, clinux_stage_filter, i);
        }
        if (!filter->notifies)
            continue;
        int sent = request->filter_channel < 0 ? 0 : clinux_send_descriptor(channel(request), result);
        close(result);
        if (sent < 0) {
            errno = -sent;
            return fail(request, clinux_stage_filter_channel, i);
        }
    }
    return 0;
}

/* The kernel takes what is permitted when root becomes somebody else; what would be inherited by programs with file
 * capabilities it leaves. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    syscall(SYS_capset, &header, none);
}

static int change_identity(struct clinux_spawn *request)
{
    if (!request->changes_identity)
        return 0;
    if (syscall(SYS_setgroups, (size_t)request->group_count, request->groups) < 0)
        return fail(request, clinux_stage_groups, 0);
    if (syscall(SYS_setresgid, request->group, request->group, request->group) < 0)
        return fail(request, clinux_stage_group, 0);
    if (syscall(SYS_setresuid, request->user, request->user, request->user) < 0)
        return fail(request, clinux_stage_user, 0);
    if (request->user != 0)
        drop_capabilities();
    return 0;
}

static void close_on_exec_from(int first)
{
    if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    /* Everything of ours is close-on-exec from birth; this is for what was inherited without. */
    for (int descriptor = first; descriptor < 4096; descriptor++)
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

static int place_descriptors(struct clinux_spawn *request)
{
    int highest = 2;
    for (int i = 0; i < request->inherited_count; i++)
        if (request->inherited[i].target > highest)
            highest = request->inherited[i].target;
    /* First out of the way of every target, then into place: sources and targets may overlap. The positions
     * of the copies are kept on this stack; the caller bounds their number. */
    int copies[request->inherited_count + 1];
    for (int i = 0; i < request->inherited_count; i++) {
        copies[i] = fcntl(source(request, i), F_DUPFD_CLOEXEC, highest + 1);
        if (copies[i] < 0)
            return fail(request, clinux_stage_descriptors, i);
    }
    close_on_exec_from(3);
    for (int i = 0; i < request->inherited_count; i++)
        if (dup2(copies[i], request->inherited[i].target) < 0)
            return fail(request, clinux_stage_descriptors, i);
    return 0;
}

/* sd_listen_fds(3) compares this with getpid(): nobody else knows the number in time. */
static void name_listener(char *entry)
{
    char digits[12];
    int length = 0;
    unsigned rest = (unsigned)getpid();
    do
        digits[length++] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    char *end = entry + strlen(entry);
    while (length > 0)
        *end++ = digits[--length];
    *end = 0;
}

static int execute(struct clinux_spawn *request)
{
    int worst = ENOENT;
    char *const *environment = (char *const *)request->environment;
    for (int i = 0; request->candidates[i] != NULL; i++) {
        const char *path = request->candidates[i];
        execve(path, (char *const *)(request->arguments + 1), environment);
        if (errno == ENOEXEC) {
            request->arguments[0] = "/bin/sh";
            request->arguments[1] = path;
            execve("/bin/sh", (char *const *)request->arguments, environment);
            errno = ENOEXEC;
        }
        if (errno == EACCES)
            worst = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR) {
            worst = errno;
            break;
        }
    }
    errno = worst;
    return fail(request, clinux_stage_execute, 0);
}

int clinux_child(struct clinux_spawn *request, int handlers_are_clear)
{
    if (leave_table(request) < 0)
        return 127;
    reset_signals(handlers_are_clear);
    /* clone3 has put the child into its cgroup already. */
    if (!handlers_are_clear && request->cgroup >= 0 && join_cgroup(request) < 0)
        return 127;
    if (set_surroundings(request) < 0 || install_filters(request) < 0 || change_identity(request) < 0)
        return 127;
    if (request->candidates == NULL)
        return 0;
    /* With the program's own rights, so that it never starts where it may not be. */
    if (request->directory != NULL && chdir(request->directory) < 0) {
        fail(request, clinux_stage_directory, 0);
        return 127;
    }
    if (place_descriptors(request) < 0)
        return 127;
    if (request->listen_pid != NULL)
        name_listener(request->listen_pid);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execute(request);
    return 127;
}
