/* SPDX-License-Identifier: MIT */
/* The two serial ports. */
#include "arch/i386/serial.h"

#include "arch/i386/cpu.h"

#include <stdbool.h>
#include <stdint.h>

/* Registers, as offsets from a port's base (16550 data sheet). */
enum uart_register {
    UART_DATA = 0,             /* the divisor's low byte while DLAB is set */
    UART_INTERRUPT_ENABLE = 1, /* its high byte */
    UART_FIFO_CONTROL = 2,
    UART_LINE_CONTROL = 3,
    UART_MODEM_CONTROL = 4,
    UART_LINE_STATUS = 5,
};

enum uart_value {
    UART_DIVISOR_ACCESS = 0x80, /* line control: DLAB */
    UART_8N1 = 0x03,
    UART_FIFO_OFF = 0x00,
    UART_READY_INTERRUPTING = 0x0B, /* DTR, RTS, and OUT2 gates the line */
    UART_RECEIVE_INTERRUPT = 0x01,
    UART_STATUS_RECEIVED = 0x01,
    UART_STATUS_SEND_EMPTY = 0x20,
    UART_STATUS_NO_DEVICE = 0xFF, /* an empty bus reads as all ones */
};

static const uint16_t port_base[SERIAL_PORTS] = { 0x3F8, 0x2F8 };
static bool port_present[SERIAL_PORTS];

/* The FIFO stays off: to switch it on would empty it, and what was typed while
 * the machine booted (echo exit | make run) would be lost. */
static void init_port(enum serial_port port)
{
    uint16_t base = port_base[port];

    if (inb(base + UART_LINE_STATUS) == UART_STATUS_NO_DEVICE)
        return;
    port_present[port] = true;
    outb(base + UART_INTERRUPT_ENABLE, 0);
    outb(base + UART_LINE_CONTROL, UART_DIVISOR_ACCESS);
    outb(base + UART_DATA, 1); /* 115200 / 1 baud */
    outb(base + UART_INTERRUPT_ENABLE, 0);
    outb(base + UART_LINE_CONTROL, UART_8N1);
    outb(base + UART_FIFO_CONTROL, UART_FIFO_OFF);
    outb(base + UART_MODEM_CONTROL, UART_READY_INTERRUPTING);
}

void serial_init(void)
{
    init_port(SERIAL_CONSOLE);
    init_port(SERIAL_RECORDS);
    /* An arriving character wakes the prompt from hlt. */
    if (port_present[SERIAL_CONSOLE])
        outb(port_base[SERIAL_CONSOLE] + UART_INTERRUPT_ENABLE,
             UART_RECEIVE_INTERRUPT);
}

static void send(uint16_t base, char character)
{
    while (!(inb(base + UART_LINE_STATUS) & UART_STATUS_SEND_EMPTY))
        ;
    outb(base + UART_DATA, (uint8_t)character);
}

void serial_write(enum serial_port port, const char *text, size_t bytes)
{
    if (!port_present[port])
        return;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n')
            send(port_base[port], '\r');
        send(port_base[port], text[i]);
    }
}

int serial_read(enum serial_port port)
{
    uint16_t base = port_base[port];

    if (!port_present[port] ||
        !(inb(base + UART_LINE_STATUS) & UART_STATUS_RECEIVED))
        return -1;
    return inb(base + UART_DATA);
}
