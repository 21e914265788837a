#define _GNU_SOURCE
#include "include/messages.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int type_of(int kind, int nonblocking)
{
    return (kind == 3 ? SOCK_DGRAM : kind == 2 ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
}

static int address_of(const char *path, struct sockaddr_un *address)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path)
        return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    return 0;
}

int clinux_unix_socket(int kind, int nonblocking)
{
    int descriptor = socket(AF_UNIX, type_of(kind, nonblocking), 0);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_unix_pair(int kind, int ends[2], int nonblocking)
{
    return socketpair(AF_UNIX, type_of(kind, nonblocking), 0, ends) < 0 ? -errno : 0;
}

int clinux_unix_bind(int descriptor, const char *path, uint32_t mode)
{
    struct sockaddr_un address;
    int result = address_of(path, &address);
    if (result < 0)
        return result;
    /* The mode of the unbound socket becomes the mode of the file: there is no moment in which it is wider. */
    if (fchmod(descriptor, mode) < 0)
        return -errno;
    return bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

int clinux_unix_connect(int descriptor, const char *path)
{
    struct sockaddr_un address;
    int result = address_of(path, &address);
    if (result < 0)
        return result;
    do
        result = connect(descriptor, (struct sockaddr *)&address, sizeof address);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

int clinux_listen(int descriptor, int backlog)
{
    return listen(descriptor, backlog) < 0 ? -errno : 0;
}

int clinux_accept(int listener)
{
    int descriptor;
    do
        descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED));
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_peer(int descriptor, struct clinux_peer *peer)
{
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
        return -errno;
    peer->process = credentials.pid;
    peer->user = credentials.uid;
    peer->group = credentials.gid;
    return 0;
}

int clinux_peer_groups(int descriptor, uint32_t *groups, uint32_t capacity)
{
    socklen_t length = capacity * sizeof *groups;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0)
        return -errno;
    return (int)(length / sizeof *groups);
}

union control {
    struct cmsghdr alignment;
    char bytes[CMSG_SPACE(sizeof(int) * clinux_descriptors_most)];
};

long clinux_send(int descriptor, const void *bytes, size_t count, const int *descriptors, int descriptor_count)
{
    union control control;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > clinux_descriptors_most)
        return -EINVAL;
    if (descriptor_count > 0) {
        size_t size = sizeof(int) * (size_t)descriptor_count;
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(header), descriptors, size);
    }
    long sent;
    do
        sent = sendmsg(descriptor, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

int clinux_receive(int descriptor, void *bytes, size_t capacity, int peeks, struct clinux_received *received)
{
    union control control;
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    long count;
    do
        count = recvmsg(descriptor, &message, MSG_CMSG_CLOEXEC | (peeks ? MSG_PEEK : 0));
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return -errno;
    received->bytes = count;
    received->descriptor_count = 0;
    received->truncated = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t size = header->cmsg_len - CMSG_LEN(0);
        memcpy(received->descriptors + received->descriptor_count, CMSG_DATA(header), size);
        received->descriptor_count += (int)(size / sizeof(int));
    }
    return 0;
}

int clinux_discard(int descriptor, size_t count)
{
    char bytes[4096];
    while (count > 0) {
        long got = recv(descriptor, bytes, count < sizeof bytes ? count : sizeof bytes, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : 0;
        count -= (size_t)got;
    }
    return 0;
}

int clinux_datagram_socket(void)
{
    int yes = 1;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return -errno;
    if (setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int clinux_datagram_bind(int descriptor, const char *name, size_t length)
{
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (length >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path + 1, name, length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    return bind(descriptor, (struct sockaddr *)&address, size) < 0 ? -errno : 0;
}

int clinux_datagram_receive(int descriptor, void *bytes, size_t capacity, struct clinux_datagram *received)
{
    /* Room for credentials and for as many descriptors as the kernel lets through, which are then closed. */
    union {
        struct cmsghdr alignment;
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * 253)];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    long count;
    do
        count = recvmsg(descriptor, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return -errno;
    memset(received, 0, sizeof *received);
    received->bytes = count;
    received->user = (uint32_t)-1;
    received->truncated = (message.msg_flags & MSG_TRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET)
            continue;
        if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(header), sizeof sender);
            received->process = sender.pid;
            received->user = sender.uid;
        } else if (header->cmsg_type == SCM_RIGHTS) {
            size_t descriptors = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t k = 0; k < descriptors; k++) {
                int passed;
                memcpy(&passed, CMSG_DATA(header) + k * sizeof(int), sizeof passed);
                close(passed);
            }
        }
    }
    return 0;
}

int clinux_datagram_send(const char *name, size_t length, const void *bytes, size_t count)
{
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (length >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, name, length);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = 0;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return -errno;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    long sent;
    do
        sent = sendto(descriptor, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, size);
    while (sent < 0 && errno == EINTR);
    int error = sent < 0 ? errno : 0;
    close(descriptor);
    return -error;
}
