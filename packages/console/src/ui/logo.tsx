export function Logo({ className }: { readonly className?: string }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className={className}>
      <rect width="24" height="24" rx="6" className="fill-accent-fill" />
      <path
        d="M6.500 16.500v-9l5.500 5 5.500-5v9"
        fill="none"
        stroke="#fff"
        strokeWidth="2.200"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
