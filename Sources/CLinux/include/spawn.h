/* clone3(2) to execve(2): the one place where a child runs code of ours. */
#ifndef CLINUX_SPAWN_H
#define CLINUX_SPAWN_H

#include <stddef.h>
#include <stdint.h>

enum clinux_stage {
    clinux_stage_none,
    clinux_stage_clone,
    clinux_stage_session,
    clinux_stage_cgroup,
    clinux_stage_limit,
    clinux_stage_priority,
    clinux_stage_filter,
    clinux_stage_filter_channel,
    clinux_stage_privileges,
    clinux_stage_groups,
    clinux_stage_group,
    clinux_stage_user,
    clinux_stage_directory,
    clinux_stage_descriptors,
    clinux_stage_execute,
    /* Never the caller's to hear: the child is started again with a table of its own. */
    clinux_stage_table,
};

struct clinux_limit {
    int32_t resource;
    uint64_t soft;
    uint64_t hard;
};

/* source becomes target in the child. */
struct clinux_inheritance {
    int32_t source;
    int32_t target;
};

/* One instruction of a classic BPF program: struct sock_filter. */
struct clinux_instruction {
    uint16_t code;
    uint8_t jump_true;
    uint8_t jump_false;
    uint32_t operand;
};

/* A seccomp filter; notifies: its listener's descriptor goes to filter_channel. */
struct clinux_filter {
    const struct clinux_instruction *instructions;
    uint16_t length;
    uint8_t notifies;
};

struct clinux_spawn {
    /* Tried in order, as execvp(3) tries the directories of PATH. None: the child ends with 0 before execve. */
    const char *const *candidates;
    /* arguments[0] is a spare entry, for a script without an interpreter line; argv begins at arguments[1]. */
    const char **arguments;
    const char *const *environment;
    /* "LISTEN_PID=" with room for ten more digits, within the environment; or NULL. */
    char *listen_pid;
    const char *directory;
    const struct clinux_inheritance *inherited;
    const struct clinux_limit *limits;
    const struct clinux_filter *filters;
    const uint32_t *groups;
    int32_t inherited_count;
    int32_t limit_count;
    int32_t filter_count;
    int32_t group_count;
    int32_t filter_channel;
    int32_t cgroup;
    /* Descriptors of the caller's that may be replaced, to hand over what the child gets: numbers
     * [tray_first, tray_first + tray_count). The last is open on nothing, and stays. Count 0: none. */
    int32_t tray_first;
    int32_t tray_count;
    uint32_t user;
    uint32_t group;
    int32_t priority;
    int32_t memory_score;
    uint32_t mask;
    uint8_t changes_identity;
    uint8_t has_priority;
    uint8_t has_memory_score;
    uint8_t has_mask;
    uint8_t no_new_privileges;
    uint8_t is_sibling;
    /* What the child gets lies on the tray, and the table is not its own yet. */
    uint8_t shares_table;
    /* How it went: written by parent and child. */
    int32_t process;
    int32_t process_descriptor;
    int32_t stage;
    int32_t error;
    /* The limit, filter or inherited descriptor that was refused, by position. */
    int32_t position;
};

/* Returns 0, or -errno with stage and position set. The failed child of a sibling spawn is its parent's to reap. */
int clinux_start(struct clinux_spawn *request);

#endif
