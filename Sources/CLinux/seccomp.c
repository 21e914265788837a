#define _GNU_SOURCE
#include "include/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

_Static_assert(sizeof(struct clinux_instruction) == sizeof(struct sock_filter), "the same instruction");

int clinux_seccomp_install(const struct clinux_instruction *instructions, uint16_t length, int notifies)
{
    struct sock_fprog program = {length, (struct sock_filter *)instructions};
    /* SPEC_ALLOW: kernels before 5.16 would slow the whole program down with a mitigation it did not ask for. */
    unsigned long flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    if (!notifies)
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0 ? -errno : 0;
    flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                            &program);
    if (listener < 0 && errno == EINVAL) /* before 5.19 */
        listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return listener < 0 ? -errno : (int)listener;
}

int clinux_forbid_new_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int clinux_send_descriptor(int channel, int descriptor)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    pid_t process = getpid();
    struct iovec part = {&process, sizeof process};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return sendmsg(channel, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* A signal may come while the kernel waits for the filter's lock. */
static int control(int listener, unsigned long operation, void *argument)
{
    int result;
    do
        result = ioctl(listener, operation, argument);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

_Static_assert(sizeof(struct seccomp_notif) == clinux_notification_bytes, "as the kernel has it");

int clinux_notification_receive(int listener, void *bytes)
{
    return control(listener, SECCOMP_IOCTL_NOTIF_RECV, bytes);
}

int clinux_notification_read(const void *bytes, struct clinux_notification *notification)
{
    struct seccomp_notif raw;
    memcpy(&raw, bytes, sizeof raw);
    notification->id = raw.id;
    notification->thread = (int32_t)raw.pid;
    notification->number = raw.data.nr;
    notification->architecture = raw.data.arch;
    for (int i = 0; i < 6; i++)
        notification->arguments[i] = raw.data.args[i];
    return raw.id != 0;
}

int clinux_notification_is_valid(int listener, uint64_t id)
{
    int result = control(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
    return result == 0 ? 1 : result == -ENOENT ? 0 : result;
}

int clinux_notification_send(int listener, uint64_t id, int64_t value, int error, int proceeds)
{
    struct seccomp_notif_resp response = {
        .id = id,
        .val = value,
        .error = -error,
        .flags = proceeds ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
    };
    return control(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int clinux_notification_inject(int listener, uint64_t id, int descriptor, int number, int close_on_exec)
{
    struct seccomp_notif_addfd request = {
        .id = id,
        .flags = SECCOMP_ADDFD_FLAG_SETFD,
        .srcfd = (uint32_t)descriptor,
        .newfd = (uint32_t)number,
        .newfd_flags = close_on_exec ? O_CLOEXEC : 0,
    };
    return control(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &request);
}
