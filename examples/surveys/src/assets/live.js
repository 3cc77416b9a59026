// On a results page: says when new answers have come. The page is complete without it.
const facts = document.querySelector('[data-survey]');
new EventSource('/live').addEventListener('answered', (event) => {
  const news = JSON.parse(event.data);
  if (news.survey !== facts.dataset.survey) return;
  facts.querySelector('[data-answers]').textContent = news.answers;
  facts.querySelector('[data-news]').hidden = false;
});
