/* Writes numbered lines of 100 bytes, so many at a time: lines COUNT LINES_PER_WRITE. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char **words)
{
    long total = count > 1 ? atol(words[1]) : 1000, batch = count > 2 ? atol(words[2]) : 1;
    char *block = malloc((size_t)batch * 100 + 1);
    for (long number = 0; number < total; number += batch) {
        for (long i = 0; i < batch; i++)
            sprintf(block + i * 100, "%099ld\n", number + i);
        for (long done = 0; done < batch * 100;) {
            long wrote = write(1, block + done, (size_t)(batch * 100 - done));
            if (wrote < 0)
                return 1;
            done += wrote;
        }
    }
    return 0;
}
