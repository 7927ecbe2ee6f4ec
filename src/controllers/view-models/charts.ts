import { SECOND } from '../../clock.ts'
import { formatTenths } from '../../format.ts'

/** 'plain' and 'soft' lie side by side where one thing has two parts; 'attention' is what needs somebody. */
export type Tone = 'plain' | 'soft' | 'attention'

interface Frame {
  id: string
  title: string
  /** What the picture shows, in a sentence that stands below its title. */
  note: string
  legend: { tone: Tone; label: string }[]
  columns: { label: string; numeric?: boolean }[]
  /** Of the table behind the picture. */
  rows: { cells: object[] }[]
  /** Said instead of a picture when there is nothing to draw. */
  nothing: string | null
}

/** Upright bars; all numbers are per cent of the plot. */
export interface BarChart extends Frame {
  /** All that the picture tells, for who can't see it. */
  description: string
  bars: { x: number; y: number; width: number; height: number; tone: Tone }[]
  labels: { x: number; width: number; text: string }[]
  /** What the top of the plot stands for. */
  top: string
}

/** Lying bars, each below its own name and value; per cent of the width. */
export interface LaneChart extends Frame {
  lanes: { label: string; value: string; parts: { x: number; width: number; tone: Tone }[] }[]
}

/** What is there should be seen, however small. */
const LEAST_SHARE = 1

/** Per cent. */
export function shareOf(part: number, whole: number): number {
  return part <= 0 ? 0 : Math.min(100, Math.max(LEAST_SHARE, (part / whole) * 100))
}

/** The parts of one thing, one after the other. */
export function laneOf(parts: readonly { size: number; tone: Tone }[], whole: number) {
  let x = 0
  return parts
    .filter(({ size }) => size > 0)
    .map(({ size, tone }) => {
      const from = Math.min(x, 100 - LEAST_SHARE)
      const width = Math.min(shareOf(size, whole), 100 - from)
      x = from + width
      return { x: from, width, tone }
    })
}

export function cells(...texts: string[]): { cells: { text: string }[] } {
  return { cells: texts.map((text) => ({ text })) }
}

export function nothingIn(things: readonly unknown[], words: string): string | null {
  return things.length === 0 ? words : null
}

/** "12 ms", "1.2 s". */
export function inMs(ms: number): string {
  return ms < SECOND ? `${Math.round(ms)}\u00a0ms` : `${formatTenths(ms / SECOND)}\u00a0s`
}
