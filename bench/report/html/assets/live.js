// A page that is served asks whether its records have changed, and is loaded anew when they have.

const ASK_EVERY = 3000;

function setUpLive() {
  const banner = find("#live");
  if (!banner) return;
  const loaded = new Date().toLocaleTimeString();
  const say = (text, lost) => {
    if (banner.textContent !== text) banner.textContent = text;
    banner.classList.toggle("lost", lost);
  };
  const ask = async () => {
    try {
      const answer = await fetch("state", { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const { version } = await answer.json();
      if (version !== banner.dataset.version && !find("#run").open) {
        keeper.save();
        location.reload();
        return;
      }
      say(`Live: this page follows the study. As of ${loaded}.`, false);
    } catch {
      say(`Nobody answers any more: this is the study as of ${loaded}. python -m bench watch serves it again.`, true);
    }
    setTimeout(ask, ASK_EVERY);
  };
  setTimeout(ask, ASK_EVERY);
}
