// Sends events by Segment's SDK for Node, as its users would; a program of its own.
// Its arguments are the address of the server, the write key, and how many events to send.
// It says in JSON how many could not be sent.
const { Analytics } = require("@segment/analytics-node");

const [address, writeKey, events] = process.argv.slice(2);
const analytics = new Analytics({ host: address, writeKey, maxRetries: 30 });
let lost = 0;
analytics.on("error", () => {});

async function main() {
  for (let number = 0; number < Number(events); number++) {
    analytics.track(
      { userId: `u-${number % 100}`, event: "Order Completed", properties: { number } },
      (error) => { if (error) lost += 1; },
    );
  }
  await analytics.closeAndFlush({ timeout: 300_000 });
  console.log(JSON.stringify({ lost }));
}

main();
