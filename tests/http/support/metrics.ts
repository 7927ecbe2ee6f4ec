/** Reads Prometheus' text format as strictly as Prometheus does. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|\\+Inf|NaN)$`)
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

/** @throws for a line that is neither a comment nor a sample, a sample without its type, or one that comes twice. */
export function parsed(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const types = new Map<string, string>()
  const seen = new Set<string>()
  const samples: Sample[] = []
  for (const line of text.trimEnd().split('\n')) {
    const [, family, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? []
    if (family && type) {
      if (types.has(family)) throw new Error(`two families of one name: ${family}`)
      types.set(family, type)
    } else if (!/^# HELP \S+ \S/.test(line)) samples.push(sampleIn(line, types, seen))
  }
  return samples
}

function sampleIn(line: string, types: Map<string, string>, seen: Set<string>): Sample {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? []
  if (name === '') throw new Error(`no sample: ${line}`)
  const key = line.slice(0, line.lastIndexOf(' '))
  if (seen.has(key)) throw new Error(`twice: ${key}`)
  seen.add(key)
  const family = name.replace(/_(bucket|sum|count)$/, '')
  if (types.get(name) === undefined && types.get(family) !== 'histogram') throw new Error(`no type: ${line}`)
  return { name, labels: labelsIn(labels), value: Number(value.replace('+Inf', 'Infinity')) }
}

function labelsIn(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const found = LABEL.exec(text)
    if (!found) throw new Error(`no labels: ${text}`)
    const [, name = '', value = ''] = found
    if (name in labels) throw new Error(`a label twice: ${text}`)
    labels[name] = value.replaceAll('\\n', '\n').replaceAll('\\"', '"').replaceAll('\\\\', '\\')
  }
  return labels
}
