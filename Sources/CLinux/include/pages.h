/* madvise(2). */
#ifndef CLINUX_PAGES_H
#define CLINUX_PAGES_H

/* Lets go of this program's code and constants; what is needed again is read again. */
void clinux_release_code(void);

#endif
