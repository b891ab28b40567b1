/** Changes to many applications at once. */

const number = (count: number): string => count.toLocaleString('en')

const applications = (count: number): string =>
  `${number(count)} ${count === 1 ? 'application' : 'applications'}`

export const many = {
  select: (name: string) => `Select ${name}`,
  selectAll: (count: number) => `Select all ${number(count)}`,
  selectMatching: 'Select all that match',
  reading: (count: number) => `Reading … ${number(count)}`,
  bar: 'Selected applications',
  selected: (count: number) => `${number(count)} selected`,
  clear: 'Clear',
  actions: {
    add_tags: 'Tag …',
    remove_tags: 'Untag …',
    rotate: 'Rotate …',
    disable: 'Disable …',
    enable: 'Enable …',
  },
  titles: {
    add_tags: (count: number) => `Tag ${applications(count)}`,
    remove_tags: (count: number) => `Remove tags from ${applications(count)}`,
    rotate: (count: number) => `Rotate the secrets of ${applications(count)}`,
    disable: (count: number) => `Disable ${applications(count)}?`,
    enable: (count: number) => `Enable ${applications(count)}?`,
  },
  about: {
    add_tags: 'An application that has a tag already is not changed; its other tags stay.',
    remove_tags: 'The other tags stay.',
    rotate:
      'Each gets a new secret, which works at once. The old ones keep working for the overlap, then end.',
    disable: 'They get no more tokens, and those they have stop working now.',
    enable: 'They may get tokens again. Revoked tokens stay revoked.',
  },
  submit: {
    add_tags: 'Add the tags',
    remove_tags: 'Remove the tags',
    rotate: 'Rotate',
    disable: 'Disable',
    enable: 'Enable',
  },
  tags: 'Tags',
  noTags: 'Enter a tag first.',
  inProduction: (count: number) => `This is Production: ${applications(count)}.`,
  usedLately: (count: number) =>
    count === 0
      ? 'None was used in the last 24 hours.'
      : `Used in the last 24 hours: ${applications(count)}.`,
  number,
  stop: 'Stop',
  stopping: 'Stopping …',
  progress: (done: number, total: number) => `${number(done)} of ${number(total)}`,
  changed: 'Changed',
  unchanged: 'Already so',
  refused: 'Refused',
  left: 'Not reached',
  refusedTitle: 'Refused, and why',
  ended: (why: string) => `It ended early: ${why}`,
  goOn: (count: number) =>
    count === 1 ? 'Continue with the other one' : `Continue with the other ${number(count)}`,
  secretsOnce: (count: number) =>
    `${number(count)} new ${count === 1 ? 'secret' : 'secrets'}, shown nowhere else: we keep only a digest of each. Download the file now.`,
  answerLost:
    'If an answer was lost, its secrets are lost with it. Continue: those applications get new ones.',
  download: 'Download the secrets (CSV)',
  saved: 'I have saved the file',
  saveFirst: 'Save the file first, and tick the box.',
  leaveTitle: 'Are the secrets saved?',
  leave: 'They cannot be shown again. What is not done yet will not be done.',
  leaveRunningTitle: 'Stop here?',
  leaveRunning: 'The change has not reached all applications. What is done stays done.',
  firstHundred: (count: number) => `The first 100 of ${number(count)}; repeat it with the others.`,
  idsFile: (count: number) => `the ${number(count)} client ids, one per line`,
}
