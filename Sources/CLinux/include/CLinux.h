/* What Swift cannot say safely about Linux: calls behind macros or missing from Glibc's module, and the one place
 * between clone and exec. Every function returns a value, or -errno. Only the Linux module imports this. */
#ifndef CLINUX_H
#define CLINUX_H

#include "crashes.h"
#include "entries.h"
#include "events.h"
#include "files.h"
#include "image.h"
#include "messages.h"
#include "pages.h"
#include "patterns.h"
#include "process.h"
#include "seccomp.h"
#include "signals.h"
#include "sockets.h"
#include "spawn.h"
#include "terminals.h"
#include "threads.h"

#endif
