/* seccomp(2), seccomp_unotify(2). */
#ifndef CLINUX_SECCOMP_H
#define CLINUX_SECCOMP_H

#include "spawn.h"

struct clinux_notification {
    uint64_t id;
    int32_t thread;
    int32_t number;
    uint32_t architecture;
    uint64_t arguments[6];
};

/* Installs a filter in the calling thread. notifies: returns the listener's descriptor; else 0. Async-signal-safe. */
int clinux_seccomp_install(const struct clinux_instruction *instructions, uint16_t length, int notifies);
/* For the calling thread. */
int clinux_forbid_new_privileges(void);
/* Sends a descriptor with the sender's pid as the message (unix(7), SCM_RIGHTS). Async-signal-safe. */
int clinux_send_descriptor(int channel, int descriptor);

enum { clinux_notification_bytes = 80 };

/* Into zeroed bytes (clinux_notification_bytes): memory that outlives this process knows what it has taken. */
int clinux_notification_receive(int listener, void *bytes);
/* Reads what was received; 0: nothing was. */
int clinux_notification_read(const void *bytes, struct clinux_notification *notification);
int clinux_notification_is_valid(int listener, uint64_t id);
/* error is 0 or positive; proceeds: the kernel carries out the call itself. */
int clinux_notification_send(int listener, uint64_t id, int64_t value, int error, int proceeds);
/* Puts a copy of descriptor into the process, at number. */
int clinux_notification_inject(int listener, uint64_t id, int descriptor, int number, int close_on_exec);

#endif
