/** What a chart of bars draws. */

export interface Series {
  readonly id: string
  readonly name: string
  /** A variable of the stylesheet, such as `--chart-1`. */
  readonly colour: string
  /** One for each start. */
  readonly values: readonly number[]
}

export interface BarsProps {
  readonly label: string
  /** Milliseconds. */
  readonly starts: readonly number[]
  readonly stepMs: number
  /** From the bottom of a bar to its top. */
  readonly series: readonly Series[]
  readonly utc?: boolean
}
