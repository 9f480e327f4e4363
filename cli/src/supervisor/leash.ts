// Loaded into every child before its own code (node --require). A supervisor that was killed can stop nobody, but
// its end of the channel closes: the child ends then, so that no orphan holds ports and the data directory.
const GRACE_MS = 10_000;

process.once('disconnect', () => {
  // A program that listens too ends in order; one that does not, or has not come so far yet, ends here.
  if (process.listenerCount('disconnect') === 0) process.exit(1);
  setTimeout(() => process.exit(1), GRACE_MS).unref();
});
// Listening must not keep a program alive that is done.
process.channel?.unref();
