/** The page that creates applications from a file. */

const count = (value: number) => value.toLocaleString('en')
const applications = (value: number) =>
  `${count(value)} ${value === 1 ? 'application' : 'applications'}`

export const imports = {
  open: 'Import …',
  title: 'Import applications',
  about: (environment: string) =>
    `From a CSV file with a header, or one JSON object per line. They are created in ${environment}.`,
  file: 'CSV or NDJSON file',
  choose: 'Choose a file',
  chooseOther: 'Choose another file',
  drop: 'or drop it here. Nothing is created before you confirm.',
  template: 'Download a template',
  columns:
    'The columns are the options of miot clients create: name is required, the others may be left out.',
  audience: 'API of rows that name none',
  reading: 'Reading the file …',
  checked: 'Dry run',
  checkedAbout: 'What the server would do with each row. Nothing has been created yet.',
  importing: 'Import',
  importingAbout: 'Each secret is shown once, in the file that you download at the end.',
  progress: (done: number, total: number) => `${count(done)} of ${count(total)} rows`,
  number: count,
  counts: {
    valid: 'Would be created',
    created: 'Created',
    exists: 'Exist already, left as they are',
    refused: 'Refused',
    unanswered: 'Without an answer',
  },
  stop: 'Stop',
  stopping: 'Stops after the rows in progress …',
  stopped: 'Stopped. Rows that are done stay done.',
  failed: 'It did not finish. Rows that are done stay done.',
  resume: 'Continue',
  create: (valid: number) => `Create ${applications(valid)}`,
  nothing: 'No row of this file would be created.',
  unfinished: 'The dry run has not finished.',
  twice: (rows: number) =>
    `${rows === 1 ? '1 row has' : `${count(rows)} rows have`} no external_id. Importing this file again creates ${rows === 1 ? 'it' : 'them'} a second time.`,
  faults: 'Rows that need a look',
  line: 'Line',
  externalId: 'External id',
  reason: 'Reason',
  lost: 'It may have been created, and its secret is lost. Look for it under Applications, and rotate its secret.',
  environment: 'This page determines the environment: leave the column out',
  tooLarge: 'The file is too large. Split it: at most 100,000 rows and 64 MiB.',
  utf16: 'The file is UTF-16. Save it as UTF-8.',
  unreadable: 'The file cannot be read.',
  cutShort: 'The answer of the server is not complete.',
  save: (credentials: number) =>
    `Download ${count(credentials)} ${credentials === 1 ? 'credential' : 'credentials'}`,
  once: 'The secrets are shown once: we keep only digests of them. They are in this page until you leave it.',
  saved: 'The file is saved.',
  done: (created: number) => `${applications(created)} created.`,
  toList: 'To the applications',
  leaveTitle: 'Are the credentials saved?',
  leave:
    'The secrets cannot be shown again. An import that is not finished stops after the rows in progress, and their secrets are lost.',
}

export type ImportTexts = typeof imports
