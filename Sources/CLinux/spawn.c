#define _GNU_SOURCE
#include "include/spawn.h"
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

enum { stack_bytes = 64 * 1024 };

/* struct clone_args up to and with `cgroup`; headers of older systems end before it. */
struct clone_request {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* The child returns on a stack of its own, which no compiler knows of: hence the assembly. */
static long raw_clone3(struct clone_request *request, int (*entry)(void *), void *argument)
{
#if defined(__x86_64__)
    register long result __asm__("rax") = SYS_clone3;
    register struct clone_request *first __asm__("rdi") = request;
    register size_t second __asm__("rsi") = sizeof *request;
    register int (*function)(void *) __asm__("r8") = entry;
    register void *value __asm__("r9") = argument;
    __asm__ volatile("syscall\n\t"
                     "testq %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "movq %%r9, %%rdi\n\t"
                     "callq *%%r8\n\t"
                     "movl %%eax, %%edi\n\t"
                     "movl %[exit], %%eax\n\t"
                     "syscall\n\t"
                     "hlt\n"
                     "1:"
                     : "+r"(result)
                     : "r"(first), "r"(second), "r"(function), "r"(value), [exit] "i"(SYS_exit_group)
                     : "rcx", "r11", "memory", "cc");
    return result;
#elif defined(__aarch64__)
    register long result __asm__("x0") = (long)request;
    register size_t second __asm__("x1") = sizeof *request;
    register long number __asm__("x8") = SYS_clone3;
    register int (*function)(void *) __asm__("x9") = entry;
    register void *value __asm__("x10") = argument;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x10\n\t"
                     "blr x9\n\t"
                     "mov x8, %[exit]\n\t"
                     "svc #0\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(result)
                     : "r"(second), "r"(number), "r"(function), "r"(value), [exit] "i"(SYS_exit_group)
                     : "memory", "cc");
    return result;
#else
    (void)request, (void)entry, (void)argument;
    return -ENOSYS;
#endif
}

static int enter(void *argument)
{
    return clinux_child(argument, 1);
}

static int enter_with_handlers(void *argument)
{
    return clinux_child(argument, 0);
}

static long clone_newest(struct clinux_spawn *request, char *stack)
{
    struct clone_request clone = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND
                 | (request->shares_table ? CLONE_FILES : 0),
        .pidfd = (uint64_t)(uintptr_t)&request->process_descriptor,
        .exit_signal = request->is_sibling ? 0 : SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = stack_bytes,
    };
    if (request->is_sibling)
        clone.flags |= CLONE_PARENT;
    if (request->cgroup >= 0) {
        clone.flags |= CLONE_INTO_CGROUP;
        clone.cgroup = (uint64_t)request->cgroup;
    }
    return raw_clone3(&clone, enter, request);
}

/* For kernels and sandboxes that know no clone3: the child joins its cgroup itself. */
static long clone_older(struct clinux_spawn *request, char *stack)
{
    request->shares_table = 0;
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD | (request->is_sibling ? CLONE_PARENT : 0);
    char *top = stack + stack_bytes;
    int process = clone(enter_with_handlers, top, flags | CLONE_PIDFD, request, &request->process_descriptor);
    if (process >= 0 || errno != EINVAL)
        return process < 0 ? -errno : process;
    process = clone(enter_with_handlers, top, flags, request);
    if (process < 0)
        return -errno;
    if (request->stage == clinux_stage_none) {
        request->process_descriptor = (int)syscall(SYS_pidfd_open, process, 0);
        if (request->process_descriptor < 0) {
            request->stage = clinux_stage_clone;
            request->error = errno;
        }
    }
    return process;
}

static long clone_child(struct clinux_spawn *request, char *stack)
{
    long process = clone_newest(request, stack);
    if (process == -ENOSYS || process == -EPERM || process == -EINVAL)
        process = clone_older(request, stack);
    return process;
}

static int conclude(struct clinux_spawn *request, long process)
{
    if (process < 0) {
        request->stage = clinux_stage_clone;
        request->error = (int32_t)-process;
        return (int)process;
    }
    request->process = (int32_t)process;
    if (request->stage == clinux_stage_none)
        return 0;
    if (!request->is_sibling)
        while (waitpid((pid_t)process, NULL, 0) < 0 && errno == EINTR)
            ;
    if (request->process_descriptor >= 0)
        close(request->process_descriptor);
    request->process_descriptor = -1;
    return -request->error;
}

/* The stack of this thread's children, one after another, behind a page that must not be touched. */
static char *stack_for_child(void)
{
    static _Thread_local char *stack;
    if (stack != NULL)
        return stack;
    long page = sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, (size_t)page + stack_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    mprotect(memory, (size_t)page, PROT_NONE);
    return stack = memory + page;
}

/* Lays out what the child gets where it can take it without a copy of the whole table, which exec would only have to
 * close again: with a hundred instances a thousand descriptors. */
static int lay_out(struct clinux_spawn *request)
{
    if (request->inherited_count + 2 > request->tray_count)
        return 0;
    for (int i = 0; i < request->inherited_count; i++)
        if (dup3(request->inherited[i].source, request->tray_first + i, O_CLOEXEC) < 0)
            return 0;
    return request->filter_channel < 0
           || dup3(request->filter_channel, request->tray_first + request->inherited_count, O_CLOEXEC) >= 0;
}

/* What lies there would stay open: a pipe would never end. */
static void clear_away(const struct clinux_spawn *request)
{
    int nothing = request->tray_first + request->tray_count - 1;
    for (int i = 0; i <= request->inherited_count && i < request->tray_count - 1; i++)
        dup3(nothing, request->tray_first + i, O_CLOEXEC);
}

static int start(struct clinux_spawn *request, char *stack)
{
    request->stage = clinux_stage_none;
    request->process_descriptor = -1;
    /* No handler of this program may run in the child, which shares its memory. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int result = conclude(request, clone_child(request, stack));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

int clinux_start(struct clinux_spawn *request)
{
    /* Linux 5.9 can; a sandbox may forbid it. */
    static int tables_cannot_be_left;
    char *stack = stack_for_child();
    if (stack == NULL) {
        request->stage = clinux_stage_clone;
        request->error = errno;
        return -errno;
    }
    request->shares_table = !__atomic_load_n(&tables_cannot_be_left, __ATOMIC_RELAXED) && lay_out(request);
    int result = start(request, stack);
    clear_away(request);
    if (request->stage != clinux_stage_table)
        return result;
    __atomic_store_n(&tables_cannot_be_left, 1, __ATOMIC_RELAXED);
    request->shares_table = 0;
    return start(request, stack);
}
