/* SPDX-License-Identifier: MIT */
/* Stubs for the functions that the test programs call in the sanitizers'
 * libraries, for a build without sanitizers. */
void __sanitizer_set_death_callback(void (*callback)(void));

void __sanitizer_set_death_callback(void (*callback)(void))
{
    (void)callback;
}
