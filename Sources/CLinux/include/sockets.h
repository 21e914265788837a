/* socket(7) and tcp(7) options, SO_REUSEPORT programs, sock_diag(7). */
#ifndef CLINUX_SOCKETS_H
#define CLINUX_SOCKETS_H

#include "spawn.h"

int clinux_get_option(int socket, int level, int option, int *value);
int clinux_set_option(int socket, int level, int option, int value);
/* What a listening socket has waiting, and how much may wait (TCP_INFO). -EINVAL: it does not listen. */
int clinux_accept_queue(int socket, uint32_t *length, uint32_t *limit);
int clinux_attach_steering(int socket, const struct clinux_instruction *instructions, uint16_t length);
int clinux_detach_steering(int socket);
/* The name of a socket's protocol ("TCP", "TCPv6"), by its link in /proc; NUL-terminated. */
int clinux_socket_protocol(const char *path, char *name, size_t capacity);

/* One TCP socket as sock_diag tells of it; addresses in network order, ports in the host's. */
struct clinux_connection {
    uint8_t family;
    uint8_t state;
    uint16_t local_port;
    uint16_t remote_port;
    uint8_t local[16];
    uint8_t remote[16];
    uint32_t interface;
    uint32_t cookie[2];
    uint32_t receive_queue;
    uint32_t send_queue;
    uint32_t user;
    uint32_t inode;
    /* An IPv6 listener that refuses IPv4. */
    uint8_t only_v6;
    /* Milliseconds since; UINT32_MAX: not told. */
    uint32_t last_sent;
    uint32_t last_received;
    uint32_t last_acknowledgement;
    uint64_t bytes_received;
    uint64_t bytes_acked;
    /* How many segments with data came. */
    uint32_t segments_received;
};

/* Lets no data of the peer arrive any more, as if it were lost on the way; 0: lets it arrive again. Ends pass. */
int clinux_refuse_data(int socket, int refuse);

int clinux_diagnostics_open(void);
struct clinux_diagnostics_query {
    /* AF_INET, AF_INET6 */
    int family;
    /* Bits 1 << TCP_*. */
    uint32_t states;
    /* Local ports from the first to the last; 0 and 0: any. */
    uint16_t first_port;
    uint16_t last_port;
    /* Without what the kernel counts of each. */
    uint8_t brief;
};

/* All sockets that this asks for. Allocates *connections (free(3)) and returns how many. */
int clinux_diagnostics_list(int diagnostics, const struct clinux_diagnostics_query *query,
                            struct clinux_connection **connections);
/* Looks one socket up again by its addresses and cookie; -ENOENT or -ESTALE: it is gone. */
int clinux_diagnostics_find(int diagnostics, struct clinux_connection *connection);

#endif
