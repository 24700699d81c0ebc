// Plain JavaScript, so that an old Node can say what is missing. `npm ci` brings Node 24 for Linux, Windows and Intel Macs,
// and npm scripts find it first; where no such package exists, as for Apple silicon, the machine's own must be new enough.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 7)) {
  console.error(
    `Vicinity needs Node 24.7 or newer, and this is ${process.versions.node}. Install Node 24 and run it again.`,
  );
  process.exit(1);
}
