#define _GNU_SOURCE
#include "include/crashes.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { stack_size = 32 * 1024, frame_limit = 64, path_limit = 4096, text_limit = 256 };

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static char report_path[path_limit], report_who[text_limit];
static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

/* Everything below runs in a process that is broken: no lock, no allocation, nothing of the C library that could
 * have either. The trace is put together here and written at once, so that it is not mixed with other lines. */
static char text[4096];
static size_t length;

static void add(const char *word)
{
    for (; *word != 0 && length < sizeof text; word++)
        text[length++] = *word;
}

static void add_number(uint64_t number, unsigned base)
{
    char digits[20];
    int count = 0;
    do
        digits[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    while (count > 0 && length < sizeof text)
        text[length++] = digits[--count];
}

static void add_address(uint64_t address)
{
    add("0x");
    add_number(address, 16);
}

static const char *name_of(int number)
{
    switch (number) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGFPE: return "SIGFPE";
    case SIGABRT: return "SIGABRT";
    case SIGTRAP: return "SIGTRAP";
    default: return "SIGSYS";
    }
}

/* What the linker calls an address: where the program was loaded does not matter. */
static uint64_t as_linked(uint64_t address)
{
    const char *start = (const char *)&__ehdr_start;
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(start + __ehdr_start.e_phoff);
    for (int i = 0; i < __ehdr_start.e_phnum; i++)
        if (segments[i].p_type == PT_LOAD)
            return address - (uint64_t)(uintptr_t)start + segments[i].p_vaddr;
    return address;
}

/* The kernel reads it, so that a broken chain of frames ends the trace and not the process. */
static int read_frame(uint64_t address, uint64_t frame[2])
{
    struct iovec here = {frame, 16}, there = {(void *)(uintptr_t)address, 16};
    return syscall(SYS_process_vm_readv, getpid(), &here, 1UL, &there, 1UL, 0UL) == 16;
}

/* A frame is the address of the one before it, and where that goes on. Code is built with frame pointers. */
static void add_frames(uint64_t instruction, uint64_t pointer)
{
    for (int count = 0; count < frame_limit && instruction != 0; count++) {
        uint64_t frame[2];
        add("\n  ");
        add_address(as_linked(instruction));
        if (pointer % sizeof(void *) != 0 || !read_frame(pointer, frame))
            return;
        /* The call lies before the place where it returns to. */
        instruction = frame[1] == 0 ? 0 : frame[1] - 1;
        if (frame[0] <= pointer)
            return;
        pointer = frame[0];
    }
}

static void add_trace(const ucontext_t *context)
{
#if defined(__x86_64__)
    add_frames((uint64_t)context->uc_mcontext.gregs[REG_RIP], (uint64_t)context->uc_mcontext.gregs[REG_RBP]);
#elif defined(__aarch64__)
    add_frames(context->uc_mcontext.pc, context->uc_mcontext.regs[29]);
#else
    (void)context, (void)add_frames;
#endif
}

static void report(int number, const siginfo_t *information, const ucontext_t *context)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    length = 0;
    add("\n");
    add(report_who);
    add(", process ");
    add_number((uint64_t)getpid(), 10);
    add(", thread ");
    add_number((uint64_t)syscall(SYS_gettid), 10);
    add(": ended by ");
    add(name_of(number));
    if (information->si_code > 0) {
        add(" at address ");
        add_address((uint64_t)(uintptr_t)information->si_addr);
    } else {
        add(" from process ");
        add_number((uint64_t)information->si_pid, 10);
    }
    add(", ");
    add_number((uint64_t)now.tv_sec, 10);
    add(" s after 1970. Please report this, with these lines:");
    add_trace(context);
    add("\n");
    int file = open(report_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return;
    ssize_t ignored = write(file, text, length);
    (void)ignored;
    close(file);
}

static void handle(int number, siginfo_t *information, void *context)
{
    static int is_reported;
    int before = errno;
    /* Of several threads that break at once, the first one is told of. */
    if (!__atomic_exchange_n(&is_reported, 1, __ATOMIC_SEQ_CST))
        report(number, information, context);
    errno = before;
    /* What was done wrong is done again on return, and ends the process. A signal that was sent has to be sent again. */
    if (information->si_code <= 0)
        syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), number);
}

void clinux_prepare_thread_for_crashes(void)
{
    if (report_path[0] == 0)
        return;
    sigset_t wanted;
    sigemptyset(&wanted);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaddset(&wanted, fatal[i]);
    /* Where they are blocked the kernel ends the process without asking. */
    pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
    void *memory = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory, .ss_size = stack_size};
    if (memory != MAP_FAILED)
        sigaltstack(&stack, NULL);
}

void clinux_report_crashes(const char *path, const char *who)
{
    if (strlen(path) >= path_limit)
        return;
    strcpy(report_path, path);
    strncpy(report_who, who, text_limit - 1);
    clinux_prepare_thread_for_crashes();
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND)};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaction(fatal[i], &action, NULL);
}
