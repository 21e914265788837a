/* What a process says when it dies of its own mistake: sigaction(2), sigaltstack(2). */
#ifndef CLINUX_CRASHES_H
#define CLINUX_CRASHES_H

/* From now on a fatal signal appends a trace to this file before it ends the process as it would have. `who`, at
 * most 255 bytes, begins the trace. */
void clinux_report_crashes(const char *path, const char *who);
/* For a thread that begins: without a stack of its own for the handler an overflow could not be reported. */
void clinux_prepare_thread_for_crashes(void);

#endif
