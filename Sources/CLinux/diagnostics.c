#define _GNU_SOURCE
#include "include/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct question {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
    struct rtattr attribute;
    struct inet_diag_bc_op operations[4];
};

int clinux_diagnostics_open(void)
{
    int descriptor = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    return descriptor < 0 ? -errno : descriptor;
}

static void read_attributes(struct clinux_connection *connection, const struct inet_diag_msg *message, int length)
{
    connection->last_sent = connection->last_received = connection->last_acknowledgement = UINT32_MAX;
    struct rtattr *attribute = (struct rtattr *)(message + 1);
    for (; RTA_OK(attribute, length); attribute = RTA_NEXT(attribute, length)) {
        if (attribute->rta_type == INET_DIAG_SKV6ONLY)
            connection->only_v6 = *(uint8_t *)RTA_DATA(attribute);
        if (attribute->rta_type != INET_DIAG_INFO)
            continue;
        struct tcp_info info;
        size_t size = RTA_PAYLOAD(attribute);
        memset(&info, 0, sizeof info);
        memcpy(&info, RTA_DATA(attribute), size < sizeof info ? size : sizeof info);
        connection->last_sent = info.tcpi_last_data_sent;
        connection->last_received = info.tcpi_last_data_recv;
        connection->last_acknowledgement = info.tcpi_last_ack_recv;
        connection->bytes_received = info.tcpi_bytes_received;
        connection->bytes_acked = info.tcpi_bytes_acked;
        connection->segments_received = info.tcpi_data_segs_in;
    }
}

static void read_message(struct clinux_connection *connection, const struct nlmsghdr *header)
{
    const struct inet_diag_msg *message = NLMSG_DATA(header);
    memset(connection, 0, sizeof *connection);
    connection->family = message->idiag_family;
    connection->state = message->idiag_state;
    connection->local_port = ntohs(message->id.idiag_sport);
    connection->remote_port = ntohs(message->id.idiag_dport);
    memcpy(connection->local, message->id.idiag_src, 16);
    memcpy(connection->remote, message->id.idiag_dst, 16);
    connection->interface = message->id.idiag_if;
    memcpy(connection->cookie, message->id.idiag_cookie, sizeof connection->cookie);
    connection->receive_queue = message->idiag_rqueue;
    connection->send_queue = message->idiag_wqueue;
    connection->user = message->idiag_uid;
    connection->inode = message->idiag_inode;
    read_attributes(connection, message, (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof *message)));
}

/* Two comparisons: older kernels know no "equal". An operation that fails jumps behind the end, which rejects. */
static void ask_for_ports(struct question *question, uint16_t first, uint16_t last)
{
    question->attribute.rta_type = INET_DIAG_REQ_BYTECODE;
    question->attribute.rta_len = RTA_LENGTH(sizeof question->operations);
    question->operations[0] = (struct inet_diag_bc_op){INET_DIAG_BC_S_GE, 8, 20};
    question->operations[1].no = first;
    question->operations[2] = (struct inet_diag_bc_op){INET_DIAG_BC_S_LE, 8, 12};
    question->operations[3].no = last;
}

static int ask(int diagnostics, struct question *question, size_t length)
{
    question->header.nlmsg_len = (uint32_t)length;
    question->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent = sendto(diagnostics, question, length, 0, (struct sockaddr *)&kernel, sizeof kernel);
    return sent < 0 ? -errno : 0;
}

struct list {
    struct clinux_connection *items;
    int count, capacity;
};

static struct clinux_connection *append(struct list *list)
{
    if (list->count == list->capacity) {
        int capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        void *items = realloc(list->items, (size_t)capacity * sizeof *list->items);
        if (items == NULL)
            return NULL;
        list->items = items;
        list->capacity = capacity;
    }
    return &list->items[list->count++];
}

/* 1: go on receiving; 0: the end; or -errno. An answer to an earlier question is passed over. */
static int take(struct nlmsghdr *header, int length, uint32_t sequence, struct list *list)
{
    for (; NLMSG_OK(header, (unsigned)length); header = NLMSG_NEXT(header, length)) {
        if (header->nlmsg_seq != sequence)
            continue;
        if (header->nlmsg_type == NLMSG_DONE)
            return 0;
        if (header->nlmsg_type == NLMSG_ERROR)
            return ((struct nlmsgerr *)NLMSG_DATA(header))->error;
        struct clinux_connection *connection = append(list);
        if (connection == NULL)
            return -ENOMEM;
        read_message(connection, header);
        if (!(header->nlmsg_flags & NLM_F_MULTI))
            return 0;
    }
    return 1;
}

static int receive(int diagnostics, uint32_t sequence, struct list *list)
{
    /* As netlink(7) advises. Not a thread's own: that would be cleared, and so be resident, in every thread. */
    const size_t size = 32768;
    char *buffer = malloc(size);
    if (buffer == NULL)
        return -ENOMEM;
    int more = 1;
    while (more > 0) {
        ssize_t length = recv(diagnostics, buffer, size, 0);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            more = length < 0 ? -errno : -EPIPE;
        else
            more = take((struct nlmsghdr *)buffer, (int)length, sequence, list);
    }
    free(buffer);
    return more;
}

static uint32_t next_sequence(void)
{
    static uint32_t last;
    return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

int clinux_diagnostics_list(int diagnostics, const struct clinux_diagnostics_query *query,
                            struct clinux_connection **connections)
{
    struct question question;
    struct list list = {NULL, 0, 0};
    memset(&question, 0, sizeof question);
    question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    question.header.nlmsg_seq = next_sequence();
    question.body.sdiag_family = (uint8_t)query->family;
    question.body.sdiag_protocol = IPPROTO_TCP;
    question.body.idiag_ext = query->brief ? 0 : 1 << (INET_DIAG_INFO - 1);
    question.body.idiag_states = query->states;
    /* The walk over the listening table honours the port here, the others only the byte code. */
    if (query->first_port == query->last_port)
        question.body.id.idiag_sport = htons(query->first_port);
    bool any = query->last_port == 0;
    if (!any)
        ask_for_ports(&question, query->first_port, query->last_port);
    int result = ask(diagnostics, &question, any ? offsetof(struct question, attribute) : sizeof question);
    if (result == 0)
        result = receive(diagnostics, question.header.nlmsg_seq, &list);
    if (result < 0) {
        free(list.items);
        return result;
    }
    *connections = list.items;
    return list.count;
}

int clinux_diagnostics_find(int diagnostics, struct clinux_connection *connection)
{
    struct question question;
    struct list list = {NULL, 0, 0};
    memset(&question, 0, sizeof question);
    question.header.nlmsg_flags = NLM_F_REQUEST;
    question.header.nlmsg_seq = next_sequence();
    question.body.sdiag_family = connection->family;
    question.body.sdiag_protocol = IPPROTO_TCP;
    question.body.idiag_ext = 1 << (INET_DIAG_INFO - 1);
    question.body.idiag_states = ~0U;
    question.body.id.idiag_sport = htons(connection->local_port);
    question.body.id.idiag_dport = htons(connection->remote_port);
    memcpy(question.body.id.idiag_src, connection->local, 16);
    memcpy(question.body.id.idiag_dst, connection->remote, 16);
    question.body.id.idiag_if = connection->interface;
    memcpy(question.body.id.idiag_cookie, connection->cookie, sizeof connection->cookie);
    int result = ask(diagnostics, &question, offsetof(struct question, attribute));
    if (result == 0)
        result = receive(diagnostics, question.header.nlmsg_seq, &list);
    if (result == 0 && list.count == 1)
        *connection = list.items[0];
    free(list.items);
    return result < 0 ? result : 0;
}
