/* After a form comes back with something to put right, reading starts at the summary. */
document.querySelector('[data-focus]')?.focus()
