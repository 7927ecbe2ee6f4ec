import type { SettleDeps } from '../settle/deps.ts'

export type ReconcileDeps = Pick<SettleDeps, 'models' | 'bank' | 'clock' | 'log'>
