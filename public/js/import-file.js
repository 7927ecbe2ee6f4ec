/*
 * Reads the chosen files here and puts their text into the form's field; no file is ever uploaded. Of a copy of the saver's data
 * only the tables and columns that are needed are taken: the rest stays on this computer.
 */
const MOST_BYTES = 200_000_000 // what a browser reads without trouble; the server says how much of it it takes

const part = document.querySelector('[data-import-file]')
if (part) attend(part, document.querySelector('#text'))

function attend(part, field) {
  const words = part.querySelector('[data-words]')
  const needed = JSON.parse(part.dataset.needed)
  part.hidden = false
  part.querySelector('input').addEventListener('change', async ({ target }) => {
    const files = [...target.files]
    if (files.some(({ size }) => size > MOST_BYTES)) {
      words.textContent = part.dataset.tooLarge
      return
    }
    const texts = await Promise.all(files.map((file) => file.text()))
    field.value = texts.map((text) => smaller(text, needed)).join('\n')
    words.textContent = files.length === 1 ? part.dataset.readOne : part.dataset.readSeveral
  })
}

/** Text that is no copy of somebody's data stays as it is; the server says what it thinks of it. */
function smaller(text, needed) {
  if (!text.trimStart().startsWith('{')) return text.replace(/^\ufeff/, '')
  try {
    const { tables } = JSON.parse(text)
    const kept = Object.entries(needed).map(([table, columns]) => [
      table,
      (tables[table] ?? []).map((row) => Object.fromEntries(columns.map((column) => [column, row[column]]))),
    ])
    return JSON.stringify({ tables: Object.fromEntries(kept) })
  } catch {
    return text
  }
}
