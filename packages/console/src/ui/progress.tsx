/** How far a run over many rows is. */

export function ProgressBar(props: {
  readonly label: string
  readonly done: number
  readonly total: number
}) {
  return (
    <progress
      aria-label={props.label}
      max={props.total}
      value={props.done}
      className="h-1.5 w-full appearance-none overflow-hidden rounded-full bg-hover [&::-moz-progress-bar]:bg-accent-fill [&::-webkit-progress-bar]:bg-hover [&::-webkit-progress-value]:bg-accent-fill"
    />
  )
}
