/* Writes numbered lines of 100 bytes, so many at a time, and no faster than asked:
   lines COUNT LINES_PER_WRITE [MEGABYTES_PER_SECOND]. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words)
{
    long total = count > 1 ? atol(words[1]) : 1000, batch = count > 2 ? atol(words[2]) : 1;
    long rate = count > 3 ? atol(words[3]) : 0;
    char *block = malloc((size_t)batch * 100 + 1);
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (long number = 0; number < total; number += batch) {
        if (batch > total - number)
            batch = total - number;
        for (long i = 0; i < batch; i++)
            sprintf(block + i * 100, "%099ld\n", number + i);
        for (long done = 0; done < batch * 100;) {
            long wrote = write(1, block + done, (size_t)(batch * 100 - done));
            if (wrote < 0)
                return 1;
            done += wrote;
        }
        if (rate == 0)
            continue;
        due.tv_nsec += batch * 100 * 1000 / rate;
        for (; due.tv_nsec >= 1000000000; due.tv_nsec -= 1000000000)
            due.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    return 0;
}
