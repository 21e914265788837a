#define _GNU_SOURCE
#include "include/sockets.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/xattr.h>

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif
#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

int clinux_get_option(int socket, int level, int option, int *value)
{
    socklen_t length = sizeof *value;
    return getsockopt(socket, level, option, value, &length) < 0 ? -errno : 0;
}

int clinux_set_option(int socket, int level, int option, int value)
{
    return setsockopt(socket, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

int clinux_accept_queue(int socket, uint32_t *length, uint32_t *limit)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
        return -errno;
    if (info.tcpi_state != TCP_LISTEN)
        return -EINVAL;
    *length = info.tcpi_unacked;
    *limit = info.tcpi_sacked;
    return 0;
}

int clinux_attach_steering(int socket, const struct clinux_instruction *instructions, uint16_t length)
{
    struct sock_fprog program = {length, (struct sock_filter *)instructions};
    return setsockopt(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0 ? -errno : 0;
}

int clinux_detach_steering(int socket)
{
    int none = 0;
    return setsockopt(socket, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &none, sizeof none) < 0 ? -errno : 0;
}

int clinux_refuse_data(int socket, int refuse)
{
    /* A socket's filter sees each segment from its TCP header on: dropped is what is longer than that header. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 12), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2), BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),  BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),  BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    int option = refuse ? SO_ATTACH_FILTER : SO_DETACH_FILTER;
    return setsockopt(socket, SOL_SOCKET, option, &program, sizeof program) < 0 ? -errno : 0;
}

int clinux_socket_protocol(const char *path, char *name, size_t capacity)
{
    ssize_t length = getxattr(path, "system.sockprotoname", name, capacity - 1);
    if (length < 0)
        return -errno;
    name[length] = 0;
    return (int)length;
}
