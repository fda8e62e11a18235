// A page that is served asks whether its records have changed, and is loaded anew when they have.

const ASK_EVERY = 3000;

// Whether a reload would take something from under the reader's hands.
const isBusy = () => find("#run").open || document.activeElement?.matches("select, input:not([type=checkbox])");

function setUpLive() {
  const banner = find("#live");
  if (!banner) return;
  const read = new Date(Number(banner.dataset.asOf)); // by the server, which may rest between two readings
  const today = read.toDateString() === new Date().toDateString();
  const asOf = today ? read.toLocaleTimeString() : read.toLocaleString();
  const say = (text, lost) => {
    if (banner.textContent !== text) banner.textContent = text;
    banner.classList.toggle("lost", lost);
  };
  const ask = async () => {
    try {
      const answer = await fetch("state", { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const { version } = await answer.json();
      const newer = version !== banner.dataset.version;
      if (newer && !isBusy()) {
        keeper.save();
        location.reload();
        return;
      }
      say(`Live: this page follows the study. As of ${asOf}${newer ? "; there is more, which it shows when you leave what you are at" : ""}.`, false);
    } catch {
      say(`Nobody answers any more: this is the study as of ${asOf}. python -m bench watch serves it again.`, true);
    }
    setTimeout(ask, ASK_EVERY);
  };
  setTimeout(ask, ASK_EVERY);
}
