import { encode } from 'uqr'

/** A QR code as a template draws it: squares of one unit, in a field of that many. */
export interface QrCode {
  size: number
  /** Of an SVG path. */
  path: string
}

export function qrCode(text: string): QrCode {
  const { size, data } = encode(text, { border: 2 })
  const squares = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
  return { size, path: squares.join('') }
}
