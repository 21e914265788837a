/* pidfd_open(2) and its kin, wait4(2), prctl(2), capget(2), sched_getaffinity(2). */
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <stddef.h>
#include <stdint.h>

struct clinux_exit {
    int32_t process;
    /* -1 unless it exited. */
    int32_t code;
    /* 0 unless a signal ended it. */
    int32_t signal;
    uint64_t user_microseconds;
    uint64_t system_microseconds;
    uint64_t peak_bytes;
};

struct clinux_socket {
    int32_t descriptor;
    uint64_t inode;
};

/* Which descriptors of a process are sockets: how many, in a list for free(3); or -errno. */
int clinux_sockets_of(int process, struct clinux_socket **sockets);
int clinux_pidfd_open(int process);
int clinux_pidfd_send_signal(int descriptor, int signal);
int clinux_pidfd_getfd(int descriptor, int number);
/* 1: filled; 0: nobody has ended; -ECHILD: no children. process -1: any. */
int clinux_reap(int process, struct clinux_exit *exit);
/* How the process behind it ended, once somebody has reaped it: 1: filled; 0: not yet; -ENOTTY, -EINVAL: a kernel before
 * 6.15. */
int clinux_pidfd_exit(int descriptor, struct clinux_exit *exit);
int clinux_set_child_subreaper(void);
int64_t clinux_read_memory(int process, uint64_t address, void *bytes, size_t count);
/* Two words of effective capabilities. */
int clinux_effective_capabilities(uint64_t *bits);
/* Processors the calling process may run on. */
int clinux_affinity_count(void);
/* Of the calling thread only: whose rights count when it touches files. */
int clinux_set_file_identity(uint32_t user, uint32_t group, const uint32_t *groups, size_t count);
/* Whether clone3(2) is there: 0, or errno. */
int clinux_clone3_refusal(void);
/* Whether somebody keeps the clock right (adjtimex(2)): 1, 0, or -errno. */
int clinux_clock_is_synchronised(void);
int clinux_get_limit(int resource, uint64_t *soft, uint64_t *hard);
int clinux_set_limit(int resource, uint64_t soft, uint64_t hard);

#endif
