/* unix(7), cmsg(3). */
#ifndef CLINUX_MESSAGES_H
#define CLINUX_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

enum { clinux_descriptors_most = 32 };

struct clinux_peer {
    int32_t process;
    uint32_t user;
    uint32_t group;
};

struct clinux_received {
    long bytes;
    int descriptors[clinux_descriptors_most];
    int descriptor_count;
    int truncated;
};

struct clinux_datagram {
    long bytes;
    /* Who sent it, as the kernel vouches. */
    int32_t process;
    uint32_t user;
    int truncated;
};

/* kind: 1 stream, 2 packets, 3 datagrams. */
int clinux_unix_socket(int kind, int nonblocking);
int clinux_unix_pair(int kind, int ends[2], int nonblocking);
int clinux_unix_bind(int descriptor, const char *path, uint32_t mode);
int clinux_unix_connect(int descriptor, const char *path);
int clinux_listen(int descriptor, int backlog);
int clinux_accept(int listener);
int clinux_peer(int descriptor, struct clinux_peer *peer);
/* Beside the one of clinux_peer; how many, or -ERANGE when there are more. */
int clinux_peer_groups(int descriptor, uint32_t *groups, uint32_t capacity);
/* Never raises SIGPIPE. */
long clinux_send(int descriptor, const void *bytes, size_t count, const int *descriptors, int descriptor_count);
/* peeks: it stays there to be received again. */
int clinux_receive(int descriptor, void *bytes, size_t capacity, int peeks, struct clinux_received *received);
/* Receives so many bytes and forgets them, and the descriptors that came along. */
int clinux_discard(int descriptor, size_t count);
/* For datagrams, with the sender's credentials; never waits. */
int clinux_datagram_socket(void);
/* In the abstract namespace. */
int clinux_datagram_bind(int descriptor, const char *name, size_t length);
/* Closes descriptors that come along. */
int clinux_datagram_receive(int descriptor, void *bytes, size_t capacity, struct clinux_datagram *received);
/* To the socket of this path, or of this abstract name after an @; never waits. */
int clinux_datagram_send(const char *name, size_t length, const void *bytes, size_t count);

#endif
