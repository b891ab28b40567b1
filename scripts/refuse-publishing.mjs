/**
 * Runs as `prepublishOnly` of every source folder, so that `npm publish` there says what to do
 * instead: npm’s own message about `private` advises to remove it. Plain JavaScript, for any Node.
 */
process.stderr.write(
  'This folder holds sources and is not published. Run npm run build in the root of the checkout, ' +
    'then npm publish in packages/oauth/dist, packages/telemetry/dist and packages/sdk/dist.\n',
)
process.exitCode = 1
