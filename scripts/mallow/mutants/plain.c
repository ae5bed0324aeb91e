/* SPDX-License-Identifier: MIT */
/* What the test programs ask of the sanitizers' libraries, for a build that
 * has none. */
void __sanitizer_set_death_callback(void (*callback)(void));

void __sanitizer_set_death_callback(void (*callback)(void))
{
    (void)callback;
}
