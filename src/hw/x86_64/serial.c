#include "hw/boot.h"
#include "hw/x86_64/apic_int.h"
#include "hw/x86_64/cpu_int.h"
#include "lib/log.h"

/*
 * The first serial port, a 16550 at its usual place. Output is polled, a FIFO's worth at a time, so
 * that it works in every context, panics included; input comes by interrupt. Without a port all is
 * thrown away.
 */

#define PORT 0x3f8
#define IRQ  4

enum uart {
	UART_DATA = 0,
	UART_IER = 1, /* interrupt enable; divisor's high byte under DLAB */
	UART_FCR = 2, /* FIFO control */
	UART_LCR = 3, /* line control */
	UART_MCR = 4, /* modem control */
	UART_LSR = 5, /* line status */
	UART_SCRATCH = 7,
};
#define LSR_DATA         0x01
#define LSR_TX_EMPTY     0x20
#define FIFO_SIZE        16
#define IER_RX           0x01
#define MCR_DTR_RTS_OUT2 0x0b

static bool present;

void hw_console_init(void)
{
	outb(PORT + UART_SCRATCH, 0x5a);
	present = inb(PORT + UART_SCRATCH) == 0x5a;
	if (!present)
		return;
	outb(PORT + UART_IER, 0);
	outb(PORT + UART_LCR, 0x80);
	outb(PORT + UART_DATA, 1); /* 115200 */
	outb(PORT + UART_IER, 0);
	outb(PORT + UART_LCR, 0x03); /* 8 bits, no parity, 1 stop bit */
	outb(PORT + UART_FCR, 0x07);
	outb(PORT + UART_MCR, MCR_DTR_RTS_OUT2);
}

/* Room for a FIFO's worth; gives up on a port that never gets ready. */
static void wait_empty(void)
{
	for (unsigned int i = 0; i < 100000; i++) {
		if (inb(PORT + UART_LSR) & LSR_TX_EMPTY)
			return;
		cpu_relax();
	}
}

void hw_console_write(const char *s, size_t n)
{
	unsigned int room = 0;

	if (!present)
		return;
	for (size_t i = 0; i < n; i++) {
		if (!room) {
			wait_empty();
			room = FIFO_SIZE;
		}
		room--;
		outb(PORT + UART_DATA, (u8)s[i]);
	}
}

static void (*console_input)(const char *s, size_t n);

static void receive(void *arg)
{
	char buf[64];
	size_t n = 0;

	/* Bounded: a port that always claims data must not keep the CPU. */
	while (n < sizeof(buf) && inb(PORT + UART_LSR) & LSR_DATA)
		buf[n++] = (char)inb(PORT + UART_DATA);
	if (n)
		console_input(buf, n);
}

void hw_console_enable_input(void (*input)(const char *s, size_t n))
{
	int err;

	if (!present)
		return;
	console_input = input;
	err = irq_wire_isa(IRQ, receive, NULL);
	if (err) {
		log_warn("serial: no interrupt, no input: error %d", -err);
		return;
	}
	outb(PORT + UART_IER, IER_RX);
}
